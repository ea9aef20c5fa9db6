import { readFileSync } from 'node:fs'

import { CsvError, parse } from 'csv-parse/sync'

import { DataError } from './data-error.js'

/** A table with the line each row stands on. */
export interface CsvTable {
  readonly file: string
  readonly columns: readonly string[]
  readonly rows: readonly CsvRow[]
}

export interface CsvRow {
  /** Line of the file the row begins on, from 1. */
  readonly line: number
  /** In the order of `columns`. */
  readonly fields: readonly string[]
}

/**
 * Reads a comma-separated file (RFC 4180: quoted commas, quotes and line ends; a byte-order mark, CRLF and LF are fine).
 *
 * @param columns names that must be in the header; others may be there as well. `null`: the file has no header.
 * @throws DataError `missing-data`, `csv`, `csv-header`
 */
export function csvTable(file: string, columns: readonly string[] | null): CsvTable {
  const rows = parseRows(file, readBytes(file))
  if (columns === null) return { file, columns: [], rows }
  const header = rows.shift()
  if (header === undefined)
    throw new DataError('csv-header', `${file}: the file is empty. Expected a header ${columns.join(',')}.`, { file })
  const names = header.fields.map((field) => field.trim())
  for (const column of columns) {
    if (names.includes(column)) continue
    throw new DataError(
      'csv-header',
      `${file} line ${header.line}: no column '${column}' in the header '${shorten(names.join(','))}'. Expected ${columns.join(',')}.`,
      { file, line: header.line },
    )
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw new DataError('csv-header', `${file} line ${header.line}: column '${twice}' is there twice. Remove one.`, {
      file,
      line: header.line,
    })
  }
  return { file, columns: names, rows }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new DataError('missing-data', `${file}: no such file.`, { file })
    throw new DataError('disk', `${file}: cannot be read (${message}).`, { file })
  }
}

function parseRows(file: string, bytes: Buffer): CsvRow[] {
  if (bytes.includes(0) && !(bytes[0] === 0xff && bytes[1] === 0xfe)) {
    throw new DataError('csv', `${file}: holds zero bytes, so it is not a text file. Download it again.`, { file })
  }
  try {
    const parsed = parse(bytes, { bom: true, info: true, record_delimiter: ['\r\n', '\n', '\r'], skip_empty_lines: true }) as unknown as {
      info: { lines: number }
      record: string[]
    }[]
    // csv-parse gives the line a record ends on, and takes a quoted CRLF for two.
    let twice = 0
    return parsed.map(({ info, record }) => {
      const text = record.join('')
      twice += text.split('\r\n').length - 1
      return { line: info.lines - twice - (text.split(/\r\n|\n|\r/).length - 1), fields: record }
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = (error as unknown as { lines?: number }).lines
    throw new DataError('csv', `${file}: ${error.message}. A field with a comma or a quote in it must be quoted.`, {
      file,
      ...(line === undefined ? {} : { line }),
    })
  }
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}
