import { nearest } from './nearest.js'
import { csvError } from './parse-csv.js'
import type { ScoresTable } from './read-scores-csv.js'
import type { TruthTable } from './read-truth-csv.js'

/** Truth and scores of the same clips and classes, in the order of the truth: arguments for `lwlrap`. */
export interface AlignedClips {
  readonly classes: readonly string[]
  readonly clips: readonly string[]
  /** 0 or 1, row-major `[clips, classes]`. */
  readonly truth: Uint8Array
  /** Same layout. */
  readonly scores: Float64Array
  /** One entry per clip, or null. */
  readonly usage: readonly string[] | null
}

/** Options of {@link alignCsv}. */
export interface AlignOptions {
  /** Takes only the clips with this `usage`; the others may be missing from the scores. */
  readonly usage?: string
  /**
   * The classes, in the order wanted. Default: the truth's columns; with a `labels` column, those of the scores, sorted by name
   * (the order of the challenge), so that the columns' order cannot decide ties.
   */
  readonly classes?: readonly string[]
}

const few = (names: readonly string[]): string => names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')

const hint = (name: string, known: readonly string[]): string => {
  const guess = nearest(name, known)
  return guess === undefined ? '' : ` Did you mean "${guess}"?`
}

function checkClasses(truth: TruthTable, scores: ScoresTable, classes: readonly string[]): void {
  const [wanted, given] = [new Set(classes), new Set(scores.classes)]
  const missing = classes.filter((name) => !given.has(name))
  const unknown = scores.classes.filter((name) => !wanted.has(name))
  if (unknown.length > 0)
    csvError(scores.file, 1, `class ${few(unknown.map((name) => `"${name}"`))} is not in ${truth.file}.${hint(unknown[0], missing)}`)
  if (missing.length > 0) csvError(scores.file, 1, `there must be a column for every class of ${truth.file}, missing: ${few(missing)}.`)
  truth.labels.forEach((labels, row) => {
    const label = labels.find((name) => !wanted.has(name))
    if (label !== undefined) {
      csvError(
        truth.file,
        truth.lines[row],
        `label "${label}" has no column in ${scores.file}, so it cannot be scored.${hint(label, classes)}`,
      )
    }
  })
}

function selectRows(truth: TruthTable, usage: string | undefined): number[] {
  const all = truth.clips.map((_, row) => row)
  if (usage === undefined) return all
  if (truth.usage === null) return csvError(truth.file, 1, `there is no column "usage" to take "${usage}" from.`)
  const rows = all.filter((row) => truth.usage?.[row] === usage)
  const kinds = [...new Set(truth.usage)]
  if (rows.length === 0) csvError(truth.file, null, `no clip has usage "${usage}", there are: ${kinds.join(', ')}.${hint(usage, kinds)}`)
  return rows
}

/**
 * Brings scores into the order of the truth, by names of clips and classes. Both must name the same clips and classes.
 *
 * @throws MetricError `METRIC_CSV` that names what is missing or unknown, and where
 * @example
 * import { alignCsv, readScoresCsv, readTruthCsv } from '@lwrap/metric/csv'
 *
 * const truth = readTruthCsv('fname,Bark,Meow\na.wav,1,0\nb.wav,0,1')
 * const scores = readScoresCsv('fname,Meow,Bark\nb.wav,0.3,0.4\na.wav,0.2,0.9')
 * alignCsv(truth, scores).scores // => [0.9, 0.2, 0.4, 0.3]
 */
export function alignCsv(truth: TruthTable, scores: ScoresTable, options: AlignOptions = {}): AlignedClips {
  const classes = options.classes ?? truth.classes ?? [...scores.classes].sort()
  checkClasses(truth, scores, classes)
  const rows = selectRows(truth, options.usage)
  const truthRow = new Map(truth.clips.map((clip, row) => [clip, row]))
  const scoresRow = new Map(scores.clips.map((clip, row) => [clip, row]))

  const missing = rows.filter((row) => !scoresRow.has(truth.clips[row]))
  const unknown = scores.clips.findIndex((clip) => !truthRow.has(clip))
  if (missing.length > 0) {
    const other = unknown === -1 ? '' : ` It has "${scores.clips[unknown]}" (line ${scores.lines[unknown]}), which ${truth.file} has not.`
    const count = missing.length === 1 ? 'one clip' : `${missing.length} of ${rows.length} clips`
    csvError(
      scores.file,
      null,
      `${count} of ${truth.file} ${missing.length === 1 ? 'is' : 'are'} missing: ${few(missing.map((row) => `${truth.clips[row]} (line ${truth.lines[row]} there)`))}.${other}`,
    )
  }
  if (unknown !== -1) csvError(scores.file, scores.lines[unknown], `clip "${scores.clips[unknown]}" is not in ${truth.file}.`)

  const count = classes.length
  const sources = classes.map((name) => scores.classes.indexOf(name))
  const columnOf = new Map(classes.map((name, column) => [name, column]))
  const aligned = { truth: new Uint8Array(rows.length * count), scores: new Float64Array(rows.length * count) }
  rows.forEach((row, i) => {
    for (const label of truth.labels[row]) aligned.truth[i * count + (columnOf.get(label) as number)] = 1
    const source = (scoresRow.get(truth.clips[row]) as number) * count
    for (let column = 0; column < count; column++) aligned.scores[i * count + column] = scores.scores[source + sources[column]]
  })
  const { usage } = truth
  return { classes, clips: rows.map((row) => truth.clips[row]), ...aligned, usage: usage && rows.map((row) => usage[row]) }
}
