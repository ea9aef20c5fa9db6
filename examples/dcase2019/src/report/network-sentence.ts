import { formatCount } from './format-number.js'
import type { ReportNetwork } from './report-data.js'

/** How far the networks are from the paper's, in a sentence or two. */
export function networkSentence(networks: readonly ReportNetwork[]): string {
  if (networks.length === 0) return 'No networks were recorded.'
  const modelsOf = new Map<string, string[]>()
  for (const network of networks) {
    const text = differences(network)
    if (text !== '') modelsOf.set(text, [...(modelsOf.get(text) ?? []), network.model])
  }
  if (modelsOf.size === 0) return "The networks are the paper's, at full width and slice length."
  const reduced = [...modelsOf].map(([text, models]) => `${models.join(' and ')} with ${text}`)
  return `The networks are the paper's at reduced width and slice length: ${reduced.join('; ')}. Scores are not comparable with the paper's.`
}

/** A width as `1/8`, or as a decimal number. */
export function widthText(width: number): string {
  const inverse = 1 / width
  return width < 1 && Math.abs(inverse - Math.round(inverse)) < 1e-9 ? `1/${Math.round(inverse)}` : String(width)
}

function differences({ architecture, paperArchitecture, width, slice, paperSlice, sliceUnit }: ReportNetwork): string {
  return [
    ...(architecture === paperArchitecture ? [] : [`${architecture} instead of ${paperArchitecture}`]),
    ...(width === 1 ? [] : [`${widthText(width)} of the paper's width`]),
    ...(slice === paperSlice ? [] : [`slices of ${formatCount(slice)} instead of ${formatCount(paperSlice)} ${sliceUnit}`]),
  ].join(' and ')
}
