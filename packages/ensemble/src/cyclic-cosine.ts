import { EnsembleError } from './errors.js'
import { requireInteger } from './require-integer.js'

/** Options of {@link cyclicCosine}. */
export interface CyclicCosineOptions {
  /** Rate of the first update of every cycle, > 0. The paper: 1e-3 (Adam), 1e-1 (SGD). */
  readonly maxRate: number
  /** Rate the cosine falls to, in [0, maxRate]. The paper: 1e-6. */
  readonly minRate: number
  /** Updates from the top of the cosine to its bottom, ≥ 1: steps per epoch × epochs per cycle. */
  readonly stepsPerCycle: number
  /**
   * Updates added to the restart period: 0 (default) restarts every `stepsPerCycle` updates, as the paper and PyTorch's
   * CosineAnnealingWarmRestarts do; 1 is the authors' code, which reaches `minRate` and restarts one update late, so that cycle k
   * lags by k updates.
   */
  readonly periodOffset?: 0 | 1
}

/**
 * Cosine learning rate with warm restarts, one value an update (not an epoch).
 *
 * rate(i) = minRate + (maxRate − minRate) (1 + cos(π e / stepsPerCycle)) / 2 with e = i mod (stepsPerCycle + periodOffset).
 * Set the rate before update i = 0, 1, 2 …; with `periodOffset` 0 a snapshot belongs after update k · stepsPerCycle − 1.
 *
 * @returns a pure function of the update's number (an integer ≥ 0), which throws `ENSEMBLE_RANGE` for anything else
 * @throws `ENSEMBLE_RANGE` for rates or steps out of range
 * @see Akiyama & Sato 2019 §5.3; Huang et al. 2017, arXiv:1704.00109 (snapshot ensembles)
 * @example
 * import { cyclicCosine } from '@audiotag/ensemble'
 * const rate = cyclicCosine({ maxRate: 1, minRate: 0, stepsPerCycle: 4 })
 * const rates = [0, 1, 2, 3, 4].map(rate)
 * rates // => ≈ [1, 0.854, 0.5, 0.146, 1]
 */
export function cyclicCosine(options: CyclicCosineOptions): (step: number) => number {
  const { maxRate, minRate, stepsPerCycle, periodOffset = 0 } = options
  if (!(maxRate > 0 && maxRate < Infinity)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `cyclicCosine: maxRate must be a finite number above 0, got ${maxRate}. The paper uses 1e-3 for Adam.`,
    )
  }
  if (!(minRate >= 0 && minRate <= maxRate)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `cyclicCosine: minRate must be from 0 to maxRate (${maxRate}), got ${minRate}. Lower minRate.`,
    )
  }
  requireInteger('cyclicCosine', 'stepsPerCycle', stepsPerCycle, 1)
  requireInteger('cyclicCosine', 'periodOffset', periodOffset, 0, 1)
  const period = stepsPerCycle + periodOffset
  return (step) => {
    requireInteger('cyclicCosine', 'step', step, 0)
    return minRate + 0.5 * (maxRate - minRate) * (1 + Math.cos((Math.PI * (step % period)) / stepsPerCycle))
  }
}
