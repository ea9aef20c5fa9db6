import { MetricError } from '../errors.js'

/** One record of a CSV text. */
export interface CsvRow {
  /** Line on which it starts, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** A CSV text: unique, non-empty column names, and rows of as many fields. */
export interface CsvTable {
  readonly file: string
  readonly header: readonly string[]
  readonly headerLine: number
  readonly rows: readonly CsvRow[]
}

/** Throws `file:line: rule`, on one line: control characters of quoted fields are escaped. */
export function csvError(file: string, line: number | null, rule: string): never {
  const escaped = rule.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  throw new MetricError('METRIC_CSV', `${file}${line === null ? '' : `:${line}`}: ${escaped}`)
}

/** A position in the text, moved along by the functions below. */
interface Cursor {
  readonly text: string
  readonly file: string
  at: number
  line: number
}

function readQuoted(cursor: Cursor): string {
  const { text, file, line: startLine } = cursor
  let value = ''
  for (;;) {
    const end = text.indexOf('"', cursor.at + 1)
    if (end === -1) csvError(file, startLine, 'a quote opens here and is never closed.')
    const part = text.slice(cursor.at + 1, end)
    for (const character of part) if (character === '\n') cursor.line++
    value += part
    cursor.at = end + 1
    if (text[cursor.at] !== '"') return value
    value += '"' // two quotes stand for one
  }
}

function readBare(cursor: Cursor): string {
  const { text, file } = cursor
  const start = cursor.at
  while (cursor.at < text.length && !',\n\r"'.includes(text[cursor.at])) cursor.at++
  if (text[cursor.at] === '"')
    csvError(file, cursor.line, 'a quote stands inside a field that does not begin with one. Quote the whole field and double its quotes.')
  return text.slice(start, cursor.at)
}

function readRow(cursor: Cursor): CsvRow {
  const { text, file, line } = cursor
  const fields: string[] = []
  for (;;) {
    fields.push(text[cursor.at] === '"' ? readQuoted(cursor) : readBare(cursor))
    const next = text[cursor.at]
    if (next === ',') {
      cursor.at++
      continue
    }
    if (next === '\r' && text[cursor.at + 1] !== '\n') csvError(file, cursor.line, 'a carriage return must be followed by a line feed.')
    if (next !== undefined && next !== '\n' && next !== '\r')
      csvError(file, cursor.line, `a comma or the end of the line must follow a closing quote, got "${next}".`)
    cursor.at += next === '\r' ? 2 : 1
    cursor.line++
    return { line, fields }
  }
}

/**
 * Reads comma-separated values strictly (RFC 4180): LF or CRLF, quotes where needed, every row as long as the header, column names
 * unique. A byte order mark and blank lines at the end are skipped.
 *
 * @param text content of the file
 * @param file its name, for messages
 * @throws MetricError `METRIC_CSV` with file and line
 */
export function parseCsv(text: string, file: string): CsvTable {
  const cursor: Cursor = { text, file, at: text.startsWith('\uFEFF') ? 1 : 0, line: 1 }
  if (text.includes('\0')) csvError(file, null, 'must be UTF-8 text, got zero bytes. Save it as CSV (UTF-8).')
  const rows: CsvRow[] = []
  while (cursor.at < text.length) rows.push(readRow(cursor))
  while (rows.at(-1)?.fields.every((field) => field === '')) rows.pop()
  const head = rows.shift()
  if (head === undefined) return csvError(file, null, 'must have a header and rows, got an empty file.')
  const { fields: header, line: headerLine } = head
  if (header.length === 1)
    csvError(file, headerLine, `the header must name at least two columns, got "${header[0]}". Columns are separated by commas.`)
  header.forEach((name, column) => {
    if (name.trim() === '') csvError(file, headerLine, `column ${column + 1} has no name.`)
    const first = header.indexOf(name)
    if (first !== column)
      csvError(file, headerLine, `column names must be unique, got "${name}" in columns ${first + 1} and ${column + 1}.`)
  })
  if (rows.length === 0) csvError(file, null, 'must have at least one row below the header.')
  for (const { line, fields } of rows) {
    if (fields.length !== header.length)
      csvError(file, line, `every row must have ${header.length} fields, as the header, got ${fields.length}.`)
  }
  return { file, header, headerLine, rows }
}
