import { checkChoice, readClips, type Matrix, type TruthMatrix, type TruthOptions } from './matrix.js'
import { PrecisionSums } from './precision-sums.js'
import { createRanker, type Ties } from './rank.js'

/** Options of {@link lwlrap}. */
export interface LwlrapOptions extends TruthOptions {
  /** Which of equal scores ranks first: `max` (default) or `index`, see {@link Ties}. */
  readonly ties?: Ties
}

/** Result of {@link lwlrap}; arrays have one entry per class. */
export interface LwlrapResult {
  /** Σ weights · perClass, in (0, 1]; NaN when no clip has a positive label. */
  readonly overall: number
  /** Mean precision at the positives of the class, in (0, 1]; NaN for a class without positives. */
  readonly perClass: Float64Array
  /** Share of the class in all positives, Σ = 1; all NaN when there are none. */
  readonly weights: Float64Array
  /** Clips in which the class is positive. */
  readonly positives: Float64Array
  readonly clips: number
  readonly clipsWithPositives: number
}

/**
 * Label-weighted label-ranking average precision: the mean, over all positive labels of the set, of the precision at that label's
 * rank within its clip. Clips without positives count nothing. Equals scikit-learn's `label_ranking_average_precision_score` with
 * `sample_weight` = positives per clip.
 *
 * @param truth  labels 0 or 1 (or booleans), flat row-major `[clips, classes]` or one array per clip
 * @param scores finite numbers, same layout; higher means more likely. Float32Array is compared as float32
 * @throws MetricError `METRIC_SHAPE`, `METRIC_VALUE` (with row and column), `METRIC_OPTION`
 * @see Fonseca et al. 2019, arXiv:1906.02975 §4; written lwrap in Akiyama & Sato 2019
 * @example
 * lwlrap([[1, 0], [0, 1]], [[0.9, 0.2], [0.4, 0.3]]).overall // => 0.75
 * lwlrap([1, 0, 0, 1], new Float32Array([0.9, 0.2, 0.4, 0.3]), { classes: 2 }).perClass // => [1, 0.5]
 */
export function lwlrap(truth: TruthMatrix, scores: Matrix, options: LwlrapOptions = {}): LwlrapResult {
  const { ties = 'max' } = options
  checkChoice('lwlrap', 'ties', ties, ['max', 'index'])
  const clips = readClips('lwlrap', truth, scores, options)
  const sums = new PrecisionSums(clips.classes)
  sums.addClips(clips, createRanker(clips.classes, ties))
  return sums.result()
}

/** The paper's name for {@link lwlrap}. */
export const lwrap: typeof lwlrap = lwlrap
