import { csvError, type CsvTable } from './parse-csv.js'

/** Names of the clips of a table, and on which line each stands. */
export interface ClipColumn {
  /** Index of the column. */
  readonly column: number
  readonly clips: readonly string[]
  /** Line of each clip, from 1. */
  readonly lines: readonly number[]
}

/** Takes the column `fname`, or the first if there is none; names must be there and unique. */
export function clipColumn(table: CsvTable): ClipColumn {
  const column = Math.max(0, table.header.indexOf('fname'))
  const seen = new Map<string, number>()
  for (const { line, fields } of table.rows) {
    const clip = fields[column]
    if (clip.trim() === '') csvError(table.file, line, `column "${table.header[column]}" must name the clip, got nothing.`)
    const earlier = seen.get(clip)
    if (earlier !== undefined) csvError(table.file, line, `every clip may have one row, got "${clip}" again (first on line ${earlier}).`)
    seen.set(clip, line)
  }
  return { column, clips: [...seen.keys()], lines: [...seen.values()] }
}
