import { DataError } from './data-error.js'
import { randomState } from './random-state.js'

/** Row indices of one fold, both ascending; together they are all rows. */
export interface Fold {
  readonly train: Int32Array
  readonly validation: Int32Array
}

export interface KFoldOptions {
  /** Number of folds, 2 … rows. Default 5. */
  readonly splits?: number
  /** 0 … 2^32 − 1. Default 42, the authors'. */
  readonly seed?: number
}

/**
 * scikit-learn's `KFold(splits, shuffle=True, random_state=seed)`, index for index: the authors' folds
 * Rows are shuffled once, cut in `splits` runs (the first `rows % splits` one longer), each sorted.
 *
 * @param rows number of rows of the table, clips that are dropped later included, so that fold numbers stay comparable
 * @throws DataError `argument`
 */
export function kFold(rows: number, options: KFoldOptions = {}): readonly Fold[] {
  const { splits = 5, seed = 42 } = options
  if (!Number.isInteger(splits) || splits < 2)
    throw new DataError('argument', `kFold: splits must be an integer of at least 2, got ${splits}.`)
  if (!Number.isInteger(rows) || rows < splits) {
    throw new DataError('argument', `kFold: ${splits} folds need at least ${splits} rows, got ${rows}. Use fewer folds.`)
  }
  const order = randomState(seed).permutation(rows)
  const folds: Fold[] = []
  let start = 0
  for (let index = 0; index < splits; index++) {
    const end = start + Math.floor(rows / splits) + (index < rows % splits ? 1 : 0)
    const validation = order.slice(start, end).sort()
    const isValidation = new Uint8Array(rows)
    for (const row of validation) isValidation[row] = 1
    const train = new Int32Array(rows - validation.length)
    for (let row = 0, at = 0; row < rows; row++) if (isValidation[row] === 0) train[at++] = row
    folds.push({ train, validation })
    start = end
  }
  return folds
}
