import { clipColumn } from './clip-column.js'
import { csvError, parseCsv, type CsvTable } from './parse-csv.js'

/** Labels of clips, as their file has them. Arrays have one entry per clip, in the file's order. */
export interface TruthTable {
  readonly file: string
  readonly clips: readonly string[]
  /** Line of each clip, from 1. */
  readonly lines: readonly number[]
  /** Labels of each clip. */
  readonly labels: readonly (readonly string[])[]
  /** The class columns; null when the file has a `labels` column, which does not say what else there is. */
  readonly classes: readonly string[] | null
  /** `Public`, `Private` … of each clip; null when the file has no `usage` column. */
  readonly usage: readonly string[] | null
}

function labelsOf(table: CsvTable, column: number): string[][] {
  return table.rows.map(({ line, fields }) => {
    if (fields[column].trim() === '') return []
    const labels = fields[column].split(',').map((label) => label.trim())
    labels.forEach((label, i) => {
      if (label === '') csvError(table.file, line, `labels must be names separated by commas, got "${fields[column]}".`)
      if (labels.indexOf(label) !== i) csvError(table.file, line, `label "${label}" stands there twice.`)
    })
    return labels
  })
}

function labelsOfColumns(table: CsvTable, columns: readonly number[]): string[][] {
  return table.rows.map(({ line, fields }) =>
    columns
      .filter((column) => {
        const value = fields[column].trim()
        if (!/^[01](\.0*)?$/.test(value)) {
          csvError(
            table.file,
            line,
            `class "${table.header[column]}" (column ${column + 1}) must be 0 or 1, got "${fields[column]}". Are these the scores? The truth comes first.`,
          )
        }
        return value.startsWith('1')
      })
      .map((column) => table.header[column]),
  )
}

/**
 * Reads the truth in either layout: `fname,labels` with several labels separated by commas in one quoted field, or `fname` and one
 * 0/1 column per class. A `usage` column splits the clips; with a `labels` column, all other columns are ignored.
 *
 * @param text content of the file
 * @param file its name, for messages. Default `truth.csv`
 * @throws MetricError `METRIC_CSV` with file, line, column and class
 * @example
 * import { readTruthCsv } from '@lwrap/metric/csv'
 *
 * readTruthCsv('fname,labels\na.wav,"Bark,Meow"').labels // => [['Bark', 'Meow']]
 * readTruthCsv('fname,Bark,Meow\na.wav,0,1').labels // => [['Meow']]
 */
export function readTruthCsv(text: string, file = 'truth.csv'): TruthTable {
  const table = parseCsv(text, file)
  const { column, clips, lines } = clipColumn(table)
  const { header, headerLine } = table
  const labelsColumn = header.indexOf('labels')
  const usageColumn = header.indexOf('usage')
  if (labelsColumn === column || usageColumn === column)
    csvError(file, headerLine, `there must be a column with the names of the clips, "fname", got only "${header.join(',')}".`)
  const usage =
    usageColumn === -1
      ? null
      : table.rows.map(({ line, fields }) => fields[usageColumn].trim() || csvError(file, line, 'column "usage" is empty.'))
  if (labelsColumn !== -1) return { file, clips, lines, labels: labelsOf(table, labelsColumn), classes: null, usage }
  const columns = header.map((_, i) => i).filter((i) => i !== column && i !== usageColumn)
  if (columns.length === 0) csvError(file, headerLine, 'there must be a column "labels" or one column per class.')
  return { file, clips, lines, labels: labelsOfColumns(table, columns), classes: columns.map((i) => header[i]), usage }
}
