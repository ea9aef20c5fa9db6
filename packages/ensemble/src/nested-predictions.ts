import type { ChooseEnsembleOptions, EnsembleChoice } from './choose-ensemble.js'
import { EnsembleError } from './errors.js'
import { outerFoldRows } from './outer-fold-rows.js'
import { outOfFold } from './out-of-fold.js'
import { predictionsAt } from './search-ensemble.js'

/**
 * The predictions behind `EnsembleChoice.estimate`: every clip by the ensemble that was chosen without its outer fold. Give these, not those of
 * the final choice, to a bootstrap or to scores per class.
 *
 * @param options what was given to `chooseEnsemble`: the same members, truth, classes and outer folds
 * @param choice what it returned
 * @returns `[clips, classes]`, in the order of `truth`
 * @throws `ENSEMBLE_MEMBERS` when the choice does not belong to these options, and what `chooseEnsemble` throws for members
 * @example
 * import { chooseEnsemble, nestedPredictions } from '@audiotag/ensemble'
 * const members = [{ model: 'A', fold: 1, cycle: 1, pad: 0, clips: [0, 1], predictions: [0.75, 0.25, 0.5, 1] }]
 * const options = { members, truth: [1, 0, 0, 1], classes: 2, score: () => 1, outerFolds: 2 }
 * nestedPredictions(options, chooseEnsemble(options)) // => [0.75, 0.25, 0.5, 1]
 */
export function nestedPredictions(
  options: Pick<ChooseEnsembleOptions, 'members' | 'truth' | 'classes' | 'outerFolds'>,
  choice: EnsembleChoice,
): Float32Array {
  const { members, truth, classes, outerFolds = 5 } = options
  const clips = truth.length / classes
  const models = outOfFold(members, clips, classes)
  const folds = outerFoldRows(outerFolds, clips)
  const pooled = new Float32Array(truth.length)
  for (const [fold, rows] of folds) {
    const chosen = choice.outer.find((outer) => outer.fold === fold && outer.clips === rows.length)
    if (chosen === undefined || choice.outer.length !== folds.size || models.some(({ model }, m) => chosen.models[m]?.model !== model)) {
      throw new EnsembleError(
        'ENSEMBLE_MEMBERS',
        `nestedPredictions: the choice must be of the same members and outer folds, got none for fold ${fold}. Choose again.`,
      )
    }
    const point = {
      weights: chosen.models.map(({ weight }) => weight),
      cycles: chosen.models.map(({ cycles }, m) => cycles.map((cycle) => models[m].cycles.indexOf(cycle))),
      pads: chosen.models.map(({ pads }, m) => pads.map((pad) => models[m].pads.indexOf(pad))),
    }
    if ([...point.cycles, ...point.pads].flat().includes(-1)) {
      throw new EnsembleError(
        'ENSEMBLE_MEMBERS',
        `nestedPredictions: the choice must be of the same members, got a cycle or pad that is not there in fold ${fold}. Choose again.`,
      )
    }
    const predictions = predictionsAt(models, classes, point, rows)
    rows.forEach((row, i) => pooled.set(predictions.subarray(i * classes, (i + 1) * classes), row * classes))
  }
  return pooled
}
