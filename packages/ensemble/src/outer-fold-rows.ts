import { EnsembleError } from './errors.js'
import { requireInteger } from './require-integer.js'

/** Rows of each outer fold, folds ascending. */
export function outerFoldRows(outerFolds: number | ArrayLike<number>, clips: number): Map<number, number[]> {
  if (typeof outerFolds === 'number') requireInteger('chooseEnsemble', 'outerFolds', outerFolds, 2, Math.max(2, clips))
  else if (outerFolds.length !== clips) {
    throw new EnsembleError(
      'ENSEMBLE_SHAPE',
      `chooseEnsemble: outerFolds must have one entry a clip (${clips}), got ${outerFolds.length}. Pass a number for clip i in fold i mod n.`,
    )
  }
  const folds = new Map<number, number[]>()
  for (let row = 0; row < clips; row++) {
    const fold = typeof outerFolds === 'number' ? row % outerFolds : outerFolds[row]
    const rows = folds.get(fold)
    if (rows === undefined) folds.set(fold, [row])
    else rows.push(row)
  }
  if (folds.size < 2) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `chooseEnsemble: there must be at least 2 outer folds with clips, got ${folds.size} of ${clips} clips. Nested cross-validation needs two.`,
    )
  }
  return new Map([...folds].sort(([a], [b]) => a - b))
}
