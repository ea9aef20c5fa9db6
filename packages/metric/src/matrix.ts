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

/** A matrix in pieces that follow each other in memory order: its rows, or the whole of a flat one. */
interface Pieces {
  readonly pieces: readonly ArrayLike<unknown>[]
  readonly rows: number
  readonly classes: number
}

const isArray = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

const show = (value: unknown): string =>
  typeof value === 'string' ? `"${value}"` : typeof value === 'bigint' ? `${value}n` : String(value)

function shapeError(caller: string, rule: string): never {
  throw new MetricError('METRIC_SHAPE', `${caller}: ${rule}`)
}

function piecesOf(caller: string, name: string, matrix: unknown, classes: number | undefined): Pieces {
  if (!isArray(matrix))
    return shapeError(caller, `${name} must be an array or a typed array, got ${matrix === null ? 'null' : typeof matrix}.`)
  if (matrix.length === 0) return shapeError(caller, `${name} must hold at least one clip, got an empty array.`)
  if (!isArray(matrix[0])) {
    if (classes === undefined) {
      return shapeError(
        caller,
        `a flat array needs options.classes, got ${name} of ${matrix.length} values without it. Pass { classes }, or one array per clip.`,
      )
    }
    if (matrix.length % classes !== 0) {
      return shapeError(caller, `${name} must hold a multiple of ${classes} values (options.classes), got ${matrix.length}.`)
    }
    return { pieces: [matrix], rows: matrix.length / classes, classes }
  }
  const columns = classes ?? matrix[0].length
  const pieces = Array.from(matrix, (values, row) => {
    if (isArray(values) && values.length === columns) return values
    const got = isArray(values) ? `${values.length} values` : show(values)
    return shapeError(caller, `every row of ${name} must have ${columns} values, got ${got} in row ${row} (counted from 0).`)
  })
  return { pieces, rows: pieces.length, classes: columns }
}

const place = (index: number, classes: number): string => `row ${Math.floor(index / classes)}, column ${index % classes} (counted from 0)`

function readTruth(caller: string, { pieces, rows, classes }: Pieces, threshold: number | undefined): Uint8Array {
  const isPositive = new Uint8Array(rows * classes)
  let at = 0
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, at++) {
      const value = piece[i]
      if (threshold === undefined) {
        if (value === 1 || value === true) isPositive[at] = 1
        else if (value !== 0 && value !== false) {
          throw new MetricError(
            'METRIC_VALUE',
            `${caller}: truth must be 0 or 1, got ${show(value)} at ${place(at, classes)}. For soft labels say from where on they count: { threshold: 0.5 }.`,
          )
        }
      } else {
        const number = typeof value === 'boolean' ? Number(value) : value
        if (typeof number !== 'number' || !Number.isFinite(number)) {
          throw new MetricError('METRIC_VALUE', `${caller}: truth must be finite numbers, got ${show(value)} at ${place(at, classes)}.`)
        }
        isPositive[at] = number > threshold ? 1 : 0
      }
    }
  }
  return isPositive
}

function readScores(caller: string, { pieces, rows, classes }: Pieces): ArrayLike<number> {
  const isTyped = pieces.length === 1 && ArrayBuffer.isView(pieces[0])
  const scores = isTyped ? (pieces[0] as ArrayLike<number>) : new Float64Array(rows * classes)
  let at = 0
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, at++) {
      const value = piece[i]
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw new MetricError('METRIC_VALUE', `${caller}: scores must be finite numbers, got ${show(value)} at ${place(at, classes)}.`)
      }
      if (!isTyped) (scores as Float64Array)[at] = value
    }
  }
  return scores
}

/** Throws unless `value` is one of `allowed`. */
export function checkChoice(caller: string, name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) {
    throw new MetricError(
      'METRIC_OPTION',
      `${caller}: options.${name} must be ${allowed.map((text) => `"${text}"`).join(' or ')}, got ${show(value)}.`,
    )
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
  const truthPieces = piecesOf(caller, 'truth', truth, classes)
  const scorePieces = piecesOf(caller, 'scores', scores, classes)
  const { rows } = truthPieces
  if (rows !== scorePieces.rows) {
    return shapeError(
      caller,
      `truth and scores must have the same clips, got ${rows} and ${scorePieces.rows} rows of ${truthPieces.classes} classes.`,
    )
  }
  return {
    clips: rows,
    classes: truthPieces.classes,
    isPositive: readTruth(caller, truthPieces, options.threshold),
    scores: readScores(caller, scorePieces),
  }
}
