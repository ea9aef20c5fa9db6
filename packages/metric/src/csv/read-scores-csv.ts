import { clipColumn } from './clip-column.js'
import { csvError, parseCsv } from './parse-csv.js'

/** Scores of clips, as their file has them. */
export interface ScoresTable {
  readonly file: string
  readonly classes: readonly string[]
  readonly clips: readonly string[]
  /** Line of each clip, from 1. */
  readonly lines: readonly number[]
  /** Row-major `[clips, classes]`. */
  readonly scores: Float64Array
}

const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i

/**
 * Reads a submission: `fname` and one column of scores per class.
 *
 * @param text content of the file
 * @param file its name, for messages. Default `scores.csv`
 * @throws MetricError `METRIC_CSV` with file, line, column and class
 * @example
 * import { readScoresCsv } from '@lwrap/metric/csv'
 *
 * readScoresCsv('fname,Bark,Meow\na.wav,0.25,1e-3').scores // => [0.25, 0.001]
 */
export function readScoresCsv(text: string, file = 'scores.csv'): ScoresTable {
  const table = parseCsv(text, file)
  const { column: nameColumn, clips, lines } = clipColumn(table)
  const { header, rows } = table
  const columns = header.map((_, i) => i).filter((i) => i !== nameColumn)
  const scores = new Float64Array(rows.length * columns.length)
  rows.forEach(({ line, fields }, row) => {
    columns.forEach((column, i) => {
      const value = decimal.test(fields[column].trim()) ? Number(fields[column]) : Number.NaN
      if (!Number.isFinite(value)) {
        csvError(
          file,
          line,
          `the score of class "${header[column]}" (column ${column + 1}) must be a finite number, got "${fields[column]}".`,
        )
      }
      scores[row * columns.length + i] = value
    })
  })
  return { file, classes: columns.map((i) => header[i]), clips, lines, scores }
}
