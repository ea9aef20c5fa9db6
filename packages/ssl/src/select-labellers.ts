import { SslError } from './errors.js'

/** Which models may label for which: those of the same fold, or those of all folds. */
export type LabelFolds = 'same' | 'all'

/**
 * The models whose predictions may label clips for the model of `fold`.
 *
 * `'same'`: only those trained on that very fold. They have never seen its validation clips, so cross-validation stays honest.
 * `'all'`: every model. Those of the other folds were trained on the validation clips of this one and pass on what they know of them: the scores
 * of its cross-validation are then too good. Right for final models, whose score comes from other clips.
 *
 * @param members anything with the `fold` of its model: predictions, files, snapshots
 * @returns those that may label, in their order
 * @throws SslError `'fold'` when none is left, `'option'`
 *
 * Paper §5.2 compares both ("1-fold labels": 0.858 against 0.870 for all folds).
 *
 * @example
 * const members = [{ fold: 0, cycle: 1 }, { fold: 1, cycle: 1 }, { fold: 0, cycle: 2 }]
 * selectLabellers(members, { folds: 'same', fold: 0 }).map(({ cycle }) => cycle) // => [1, 2]
 * selectLabellers(members, { folds: 'all', fold: 0 }).length // => 3
 */
export function selectLabellers<Member extends { readonly fold: number | string }>(
  members: readonly Member[],
  { folds, fold }: { readonly folds: LabelFolds; readonly fold: Member['fold'] },
): Member[] {
  if (folds !== 'same' && folds !== 'all') {
    throw new SslError('option', `selectLabellers: folds must be 'same' or 'all', got '${String(folds)}'.`)
  }
  const labellers = members.filter((member) => folds === 'all' || member.fold === fold)
  if (labellers.length === 0) {
    const present = [...new Set(members.map((member) => member.fold))]
    throw new SslError(
      'fold',
      `selectLabellers: no model of fold ${fold} is there, only of ${present.length === 0 ? 'none' : present.join(', ')}. Train it first, or take folds: 'all'.`,
    )
  }
  return labellers
}
