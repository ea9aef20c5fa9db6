import { clipSums, sumOf } from './clip-sums.js'
import { MetricError } from './errors.js'
import type { BootstrapOptions } from './bootstrap-interval.js'
import { checkChoice, readClips, type Matrix, type TruthMatrix } from './matrix.js'
import { checkResampleOptions, drawUniform, resampleRatios, spread, type Spread } from './resample.js'

/** Result of {@link compareSystems}. */
export interface Comparison extends Spread {
  readonly overallA: number
  readonly overallB: number
  /** overallA − overallB; `low`, `high` and `standardError` are about this. */
  readonly difference: number
  /** Share of random exchanges between A and B that differ at least as much, in [1 / (resamples + 1), 1]; two-sided. */
  readonly pValue: number
  readonly level: number
  readonly resamples: number
}

/**
 * Is system A better than B on the same clips? Both are resampled together: a percentile bootstrap interval of the difference, and
 * a paired permutation test in which each clip's two results change places at random. Uses 2 · `resamples` · clips draws.
 *
 * @param truth   as in {@link lwlrap}
 * @param scoresA as `scores` in {@link lwlrap}
 * @param scoresB the same clips and classes
 * @throws MetricError as {@link bootstrapInterval}
 * @see Efron & Tibshirani 1993, ch. 13 and 15
 * @example
 * const scores = [[0.9, 0.2], [0.4, 0.3]]
 * const { difference, pValue } = compareSystems([[1, 0], [0, 1]], scores, scores, { rng: () => 0.4 })
 * console.log(difference, pValue) // => 0 1
 */
export function compareSystems(truth: TruthMatrix, scoresA: Matrix, scoresB: Matrix, options: BootstrapOptions): Comparison {
  const caller = 'compareSystems'
  const resampling = checkResampleOptions(caller, options)
  const { ties = 'max' } = options
  checkChoice(caller, 'ties', ties, ['max', 'index'])
  const a = clipSums(readClips(`${caller} (A)`, truth, scoresA, options), ties)
  const b = clipSums(readClips(`${caller} (B)`, truth, scoresB, options), ties)
  const clips = a.positives.length
  if (clips === 0) throw new MetricError('METRIC_VALUE', `${caller}: at least one clip must have a positive label, got none.`)
  const differences = a.precisionSum.map((value, clip) => value - b.precisionSum[clip])
  const total = sumOf(a.positives)
  const observed = sumOf(differences)

  const { rng, resamples, level } = resampling
  const ratios = resampleRatios(caller, differences, a.positives, resampling)
  const slack = 1e-12 * total // rounding must not decide whether a sum reaches the observed one
  let reached = 0
  for (let i = 0; i < resamples; i++) {
    let exchanged = 0
    for (let clip = 0; clip < clips; clip++) exchanged += drawUniform(caller, rng) < 0.5 ? differences[clip] : -differences[clip]
    if (Math.abs(exchanged) >= Math.abs(observed) - slack) reached++
  }
  return {
    overallA: sumOf(a.precisionSum) / total,
    overallB: sumOf(b.precisionSum) / total,
    difference: observed / total,
    ...spread(ratios, level),
    pValue: (reached + 1) / (resamples + 1),
    level,
    resamples,
  }
}
