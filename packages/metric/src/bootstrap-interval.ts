import { clipSums, sumOf } from './clip-sums.js'
import { MetricError } from './errors.js'
import type { LwlrapOptions } from './lwlrap.js'
import { checkChoice, readClips, type Matrix, type TruthMatrix } from './matrix.js'
import { checkResampleOptions, resampleRatios, spread, type ResampleOptions, type Spread } from './resample.js'

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions extends LwlrapOptions, ResampleOptions {}

/** Result of {@link bootstrapInterval}. */
export interface BootstrapInterval extends Spread {
  /** lwlrap of the clips as they are. */
  readonly overall: number
  readonly level: number
  readonly resamples: number
}

/**
 * How far lwlrap would move with another draw of clips: percentile bootstrap over the clips that have positives (the others never
 * count). Costs `resamples` · clips additions.
 *
 * @param truth  as in {@link lwlrap}
 * @param scores as in {@link lwlrap}
 * @throws MetricError as {@link lwlrap}; `METRIC_VALUE` when no clip has a positive label
 * @see Efron & Tibshirani 1993, ch. 13
 * @example
 * const truth = [[1, 0], [0, 1]]
 * const { overall, low, high } = bootstrapInterval(truth, [[0.9, 0.2], [0.4, 0.3]], { rng: () => 0.4 })
 * console.log(overall, low, high) // => 0.75 1 1
 */
export function bootstrapInterval(truth: TruthMatrix, scores: Matrix, options: BootstrapOptions): BootstrapInterval {
  const caller = 'bootstrapInterval'
  const resampling = checkResampleOptions(caller, options)
  const { ties = 'max' } = options
  checkChoice(caller, 'ties', ties, ['max', 'index'])
  const { precisionSum, positives } = clipSums(readClips(caller, truth, scores, options), ties)
  if (positives.length === 0) throw new MetricError('METRIC_VALUE', `${caller}: at least one clip must have a positive label, got none.`)
  const ratios = resampleRatios(caller, precisionSum, positives, resampling)
  const { level, resamples } = resampling
  return { overall: sumOf(precisionSum) / sumOf(positives), ...spread(ratios, level), level, resamples }
}
