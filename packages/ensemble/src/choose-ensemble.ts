import { EnsembleError } from './errors.js'
import { outOfFold, type OutOfFoldMember, type OutOfFoldModel } from './out-of-fold.js'
import { outerFoldRows } from './outer-fold-rows.js'
import { requireInteger } from './require-integer.js'
import { plainPoint, predictionsAt, scoreAt, searchEnsemble, type EnsemblePoint, type EnsembleSearch } from './search-ensemble.js'

/** What {@link chooseEnsemble} works on. */
export interface ChooseEnsembleOptions {
  /** Predictions for training clips by models that did not see them; each model × cycle × pad covers every clip once. Never test clips. */
  readonly members: readonly OutOfFoldMember[]
  /** 0/1 labels of those clips, row-major `[clips, classes]`. */
  readonly truth: ArrayLike<number>
  /** Columns, ≥ 1. */
  readonly classes: number
  /** What to raise, on any subset of clips, for example `(truth, scores) => lwlrap(truth, scores, { classes }).overall`. Higher is better. */
  readonly score: (truth: Float32Array, scores: Float32Array) => number
  /** Weights a model may have, ≥ 0; 0 lets a model be dropped. Default 0, 1, 2, 3, 4. */
  readonly weights?: readonly number[]
  /** Number of outer folds (clip i in fold i mod n), ≥ 2, or the outer fold of every clip. Default 5. */
  readonly outerFolds?: number | ArrayLike<number>
  /** A change must raise the score by more than this, ≥ 0: what keeps small sets from being fitted to their noise. Default 0.001. */
  readonly minGain?: number
  /** Rounds over all coordinates, ≥ 1. Default 4. */
  readonly maxSweeps?: number
}

/** Weight, cycles and pads of one model. */
export interface ChosenModel {
  readonly model: string
  /** Weight of the model's mean; 0 when it was dropped. Whole-number weights are in lowest terms. */
  readonly weight: number
  /** Cycles to average, ascending. */
  readonly cycles: readonly number[]
  /** Pads to average, ascending; `[0]` when padding does not help. */
  readonly pads: readonly number[]
}

/** A model on its own, with cycles and pads chosen for it alone. */
export interface SingleModelScore {
  readonly model: string
  readonly cycles: readonly number[]
  readonly pads: readonly number[]
  /** Score of that choice on the clips it was chosen on: optimistic. */
  readonly score: number
  /** Nested cross-validation of the same procedure: honest. */
  readonly estimate: number
}

/** What {@link chooseEnsemble} returns; plain JSON. */
export interface EnsembleChoice {
  /** The choice, made on all clips; every model given, in the order first seen. */
  readonly models: readonly ChosenModel[]
  /** The choice as weights of single predictions (of each fold alike), without dropped models; they sum to 1. */
  readonly members: readonly { readonly model: string; readonly cycle: number; readonly pad: number; readonly weight: number }[]
  /** Score of the choice on the clips it was made on: optimistic. */
  readonly score: number
  /** Nested cross-validation: every clip scored by a choice that was made without its outer fold. Report this one. */
  readonly estimate: number
  /** Score with nothing chosen: equal weights, every cycle, no padding. If `estimate` is not above it, choosing did not help. */
  readonly plain: number
  /** Each model on its own, by the same procedure. */
  readonly singles: readonly SingleModelScore[]
  /** What was chosen without each outer fold: how stable the choice is. */
  readonly outer: readonly { readonly fold: number; readonly clips: number; readonly models: readonly ChosenModel[] }[]
}

/**
 * Chooses the weights, cycles and pads of an ensemble on out-of-fold predictions, and estimates honestly what the choosing is worth.
 *
 * Search: coordinate ascent over a small space (a weight grid, the sets of cycles, the sets of pads a model), from equal weights, every
 * cycle, no padding, and from the best single model; a change must gain `minGain`. Estimate: nested cross-validation: the same search
 * without each outer fold, and one score over all clips as those choices predict them. It takes care of the choice alone: that the
 * clips were not trained on is the caller's part. No randomness: same input, same choice.
 *
 * @throws `ENSEMBLE_MEMBERS` when a clip is missing or predicted twice, `ENSEMBLE_SHAPE`, `ENSEMBLE_RANGE`, `ENSEMBLE_NOT_FINITE` (also when
 *         `score` returns no finite number), `ENSEMBLE_EMPTY` for no members or clips
 * `nestedPredictions` gives the predictions behind `estimate`, for intervals and scores per class.
 *
 * @see Akiyama & Sato 2019 §7 choose by cross-validation too, without saying how
 * @example
 * import { chooseEnsemble } from '@audiotag/ensemble'
 * // Two clips, two classes. Model A is right about both, model B about none.
 * const truth = [1, 0, 0, 1]
 * const member = { fold: 1, cycle: 1, pad: 0, clips: [0, 1] }
 * const members = [
 *   { model: 'A', ...member, predictions: [0.6, 0.4, 0.4, 0.6] },
 *   { model: 'B', ...member, predictions: [0.1, 0.9, 0.9, 0.1] },
 * ]
 * const score = (truth, scores) => truth.reduce((sum, label, i) => sum + label * (scores[i] > 0.5), 0) / (truth.length / 2)
 * const choice = chooseEnsemble({ members, truth, classes: 2, score, outerFolds: 2 })
 * choice.models.map(({ model, weight }) => `${model} ${weight}`) // => ['A 1', 'B 0']
 * choice.estimate // => 1
 */
export function chooseEnsemble(options: ChooseEnsembleOptions): EnsembleChoice {
  const { members, classes, score, weights = [0, 1, 2, 3, 4], outerFolds = 5, minGain = 0.001, maxSweeps = 4 } = options
  requireInteger('chooseEnsemble', 'classes', classes, 1)
  requireInteger('chooseEnsemble', 'maxSweeps', maxSweeps, 1)
  if (!(minGain >= 0 && minGain < Infinity)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `chooseEnsemble: minGain must be a finite number of at least 0, got ${minGain}. The default is 0.001.`,
    )
  }
  if (!weights.some((weight) => weight > 0) || !weights.every((weight) => weight >= 0 && weight < Infinity)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `chooseEnsemble: weights must be finite, at least 0, and one above 0, got [${weights.join(', ')}]. The default is 0, 1, 2, 3, 4.`,
    )
  }
  if (members.length === 0 || options.truth.length === 0) {
    throw new EnsembleError(
      'ENSEMBLE_EMPTY',
      `chooseEnsemble: there must be members and truth, got ${members.length} members and ${options.truth.length} labels. Predict the validation folds first.`,
    )
  }
  if (options.truth.length % classes !== 0) {
    throw new EnsembleError(
      'ENSEMBLE_SHAPE',
      `chooseEnsemble: truth must be a multiple of classes (${classes}), got ${options.truth.length} values. Pass it as [clips, classes].`,
    )
  }
  const truth = Float32Array.from(options.truth)
  const clips = truth.length / classes
  const models = outOfFold(members, clips, classes)
  const folds = outerFoldRows(outerFolds, clips)
  const search: EnsembleSearch = { models, truth, classes, score, weights, minGain, maxSweeps }

  const everything = Array.from({ length: clips }, (_, row) => row)
  const { outer, estimate } = nested(search, folds, everything)
  const best = searchEnsemble(search, everything)
  const chosen = chosenModels(models, best.point)
  const totalWeight = chosen.reduce((sum, { weight }) => sum + weight, 0)
  return {
    models: chosen,
    members: chosen
      .filter(({ weight }) => weight > 0)
      .flatMap(({ model, weight, cycles, pads }) =>
        cycles.flatMap((cycle) => pads.map((pad) => ({ model, cycle, pad, weight: weight / totalWeight / (cycles.length * pads.length) }))),
      ),
    score: best.score,
    estimate,
    plain: scoreAt(search, plainPoint(models, weights), everything),
    singles: models.map((model) => {
      const alone = { ...search, models: [model] }
      const single = searchEnsemble(alone, everything)
      const { cycles, pads } = chosenModels([model], single.point)[0]
      return { model: model.model, cycles, pads, score: single.score, estimate: nested(alone, folds, everything).estimate }
    }),
    outer,
  }
}

/** Chooses without each outer fold and predicts that fold with the choice. */
function nested(
  search: EnsembleSearch,
  folds: ReadonlyMap<number, number[]>,
  everything: readonly number[],
): Pick<EnsembleChoice, 'outer' | 'estimate'> {
  const { models, classes, truth } = search
  const pooled = new Float32Array(truth.length)
  const outer = [...folds].map(([fold, held]) => {
    const inside = new Set(held)
    const { point } = searchEnsemble(
      search,
      everything.filter((row) => !inside.has(row)),
    )
    const predictions = predictionsAt(models, classes, point, held)
    held.forEach((row, i) => pooled.set(predictions.subarray(i * classes, (i + 1) * classes), row * classes))
    return { fold, clips: held.length, models: chosenModels(models, point) }
  })
  const asOneModel = { model: 'pooled', cycles: [1], pads: [0], predictions: [pooled] }
  const pooledSearch = { ...search, models: [asOneModel] }
  return { outer, estimate: scoreAt(pooledSearch, plainPoint([asOneModel], search.weights), everything) }
}

function chosenModels(models: readonly OutOfFoldModel[], point: EnsemblePoint): ChosenModel[] {
  const divisor = point.weights.every(Number.isInteger) ? point.weights.reduce(greatestCommonDivisor, 0) : 1
  return models.map((model, m) => ({
    model: model.model,
    weight: point.weights[m] / divisor,
    cycles: point.cycles[m].map((place) => model.cycles[place]),
    pads: point.pads[m].map((place) => model.pads[place]),
  }))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
