import { MetricError } from './errors.js'

/** Rows of one number per class: flat and row-major `[clips, classes]`, or one array per clip. */
export type Matrix = ArrayLike<number> | ArrayLike<ArrayLike<number>>

/** As {@link Matrix}; booleans may stand for 1 and 0. */
export type TruthMatrix = Matrix | ArrayLike<boolean> | ArrayLike<ArrayLike<boolean>>

/** How labels are read. */
export interface TruthOptions {
  /** Number of columns, ≥ 1. Needed for flat arrays; taken from the rows of nested ones. */
  readonly classes?: number
  /** Labels above it are positive; without it labels must be exactly 0 or 1. Finite. */
  readonly threshold?: number
}

/** Checked input: `isPositive` holds 0 and 1, `scores` finite numbers in their own precision, both row-major `[clips, classes]`. */
export interface Clips {
  readonly clips: number
  readonly classes: number
  readonly isPositive: Uint8Array
  readonly scores: ArrayLike<number>
}

interface Flat {
  readonly data: ArrayLike<unknown>
  readonly rows: number
  readonly classes: number
}

const isArray = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

const show = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : typeof value === 'bigint' ? `${value}n` : String(value))

function shapeError(caller: string, rule: string): never {
  throw new MetricError('METRIC_SHAPE', `${caller}: ${rule}`)
}

function flatten(caller: string, name: string, matrix: unknown, classes: number | undefined): Flat {
  if (!isArray(matrix)) return shapeError(caller, `${name} must be an array or a typed array, got ${matrix === null ? 'null' : typeof matrix}.`)
  if (matrix.length === 0) return shapeError(caller, `${name} must hold at least one clip, got an empty array.`)
  if (!isArray(matrix[0])) {
    if (classes === undefined) {
      return shapeError(caller, `a flat array needs options.classes, got ${name} of ${matrix.length} values without it. Pass { classes }, or one array per clip.`)
    }
    if (matrix.length % classes !== 0) {
      return shapeError(caller, `${name} must hold a multiple of ${classes} values (options.classes), got ${matrix.length}.`)
    }
    return { data: matrix, rows: matrix.length / classes, classes }
  }
  const columns = classes ?? matrix[0].length
  const data: unknown[] = Array.from({ length: matrix.length * columns })
  for (let row = 0; row < matrix.length; row++) {
    const values = matrix[row]
    if (!isArray(values) || values.length !== columns) {
      const got = isArray(values) ? `${values.length} values` : show(values)
      return shapeError(caller, `every row of ${name} must have ${columns} values, got ${got} in row ${row} (counted from 0).`)
    }
    for (let column = 0; column < columns; column++) data[row * columns + column] = values[column]
  }
  return { data, rows: matrix.length, classes: columns }
}

const place = (index: number, classes: number): string => `row ${Math.floor(index / classes)}, column ${index % classes} (counted from 0)`

function readTruth(caller: string, { data, classes }: Flat, threshold: number | undefined): Uint8Array {
  const isPositive = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (threshold === undefined) {
      if (value === 1 || value === true) isPositive[i] = 1
      else if (value !== 0 && value !== false) {
        throw new MetricError(
          'METRIC_VALUE',
          `${caller}: truth must be 0 or 1, got ${show(value)} at ${place(i, classes)}. For soft labels say from where on they count: { threshold: 0.5 }.`,
        )
      }
    } else {
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) {
        throw new MetricError('METRIC_VALUE', `${caller}: truth must be finite numbers, got ${show(value)} at ${place(i, classes)}.`)
      }
      isPositive[i] = number > threshold ? 1 : 0
    }
  }
  return isPositive
}

function readScores(caller: string, { data, classes }: Flat): ArrayLike<number> {
  for (let i = 0; i < data.length; i++) {
    if (typeof data[i] !== 'number' || !Number.isFinite(data[i])) {
      throw new MetricError('METRIC_VALUE', `${caller}: scores must be finite numbers, got ${show(data[i])} at ${place(i, classes)}.`)
    }
  }
  return ArrayBuffer.isView(data) ? (data as ArrayLike<number>) : Float64Array.from(data as ArrayLike<number>)
}

/** Throws unless `value` is one of `allowed`. */
export function checkChoice(caller: string, name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) {
    throw new MetricError('METRIC_OPTION', `${caller}: options.${name} must be ${allowed.map((text) => `"${text}"`).join(' or ')}, got ${show(value)}.`)
  }
}

/** Throws unless `classes` is an integer ≥ 1 and `threshold` is finite or absent. */
export function checkTruthOptions(caller: string, { classes, threshold }: TruthOptions): void {
  if (classes !== undefined && (!Number.isSafeInteger(classes) || classes < 1)) {
    throw new MetricError('METRIC_OPTION', `${caller}: options.classes must be an integer of at least 1, got ${show(classes)}.`)
  }
  if (threshold !== undefined && !Number.isFinite(threshold)) {
    throw new MetricError('METRIC_OPTION', `${caller}: options.threshold must be a finite number, got ${show(threshold)}.`)
  }
}

/** Checks truth and scores and brings them into one layout. Copies nothing that is flat and typed. */
export function readClips(caller: string, truth: unknown, scores: unknown, options: TruthOptions): Clips {
  checkTruthOptions(caller, options)
  const nested = [truth, scores].find((matrix) => isArray(matrix) && isArray(matrix[0])) as ArrayLike<ArrayLike<unknown>> | undefined
  const classes = options.classes ?? nested?.[0].length
  if (classes === 0) return shapeError(caller, 'there must be at least one class, got rows without values.')
  const flatTruth = flatten(caller, 'truth', truth, classes)
  const flatScores = flatten(caller, 'scores', scores, classes)
  if (flatTruth.rows !== flatScores.rows) {
    return shapeError(caller, `truth and scores must have the same clips, got ${flatTruth.rows} and ${flatScores.rows} rows of ${flatTruth.classes} classes.`)
  }
  return {
    clips: flatTruth.rows,
    classes: flatTruth.classes,
    isPositive: readTruth(caller, flatTruth, options.threshold),
    scores: readScores(caller, flatScores),
  }
}
