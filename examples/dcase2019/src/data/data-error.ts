/** What kind of thing was wrong with the data. `missing-data` is what the program ends with exit code 3 for. */
export type DataErrorCode =
  | 'missing-data' // no data set, or no features, where they were looked for
  | 'csv' // not a table: quotes, number of fields, encoding
  | 'csv-header' // a column that is needed is not there
  | 'csv-value' // a value outside its vocabulary: label, usage, index, file name
  | 'duplicate-name'
  | 'empty-labels'
  | 'unknown-label'
  | 'missing-file' // a clip of the table without its audio
  | 'archive' // a zip that cannot be read
  | 'bad-audio'
  | 'disk' // full, read-only, no permission
  | 'features' // a feature folder that is damaged or of another version
  | 'argument'

/** One thing that is wrong with one row or one file. JSON-safe, so it crosses threads and is listed in reports. */
export interface DataProblem {
  readonly code: DataErrorCode
  /** Path of the table, archive or sound, or `archive.zip:entry`. */
  readonly file: string
  /** Line of a table, from 1. */
  readonly line?: number
  /** Name of the clip. */
  readonly clip?: string
  /** The whole sentence, with file, line and the way out. */
  readonly message: string
}

/** Bad data: the message names the file, the line where there is one, what was found, and the way out. */
export class DataError extends Error {
  override readonly name = 'DataError'
  readonly code: DataErrorCode
  readonly file: string | undefined
  readonly line: number | undefined
  /** Everything that was found wrong, the thrown one first. */
  readonly problems: readonly DataProblem[]

  constructor(code: DataErrorCode, message: string, where: { file?: string; line?: number; problems?: readonly DataProblem[] } = {}) {
    super(message)
    this.code = code
    this.file = where.file
    this.line = where.line
    this.problems = where.problems ?? []
  }

  /** The error for a list of problems: the first in full, how many more there are. */
  static of(problems: readonly DataProblem[]): DataError {
    const [first] = problems
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more; --skip-bad goes on without them and lists them all)` : ''
    return new DataError(first.code, first.message + more, {
      file: first.file,
      ...(first.line === undefined ? {} : { line: first.line }),
      problems,
    })
  }
}
