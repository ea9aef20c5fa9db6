/**
 * One line for logs and reports: the name and every option, defaults included.
 *
 * @param thing a transform, a mixer or a pipeline, or what its `toJSON()` returned
 * @example
 * import { describe, gainPower } from '@audiotag/augment'
 * describe(gainPower()) // => 'gainPower(p 0.5, minFactor 0.8, maxFactor 1.2)'
 */
export function describe(thing: object): string {
  const json = JSON.parse(JSON.stringify(thing)) as Record<string, unknown>
  const { transform, pipeline, ...options } = json
  return `${String(transform ?? pipeline)}(${text(options)})`
}

function text(options: Record<string, unknown>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ')
}

function valueText(value: unknown): string {
  if (value === false) return 'off'
  if (value === true) return 'on'
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return 'transform' in value ? describe(value) : `(${text(value as Record<string, unknown>)})`
  return String(value)
}
