import { MetricError } from './errors.js'

/** Uniform numbers in [0, 1). */
export type Rng = () => number

/** Options of what is estimated by resampling clips. */
export interface ResampleOptions {
  /** Source of randomness: the same stream gives the same interval. */
  readonly rng: Rng
  /** Number of resamples, ≥ 1. Default 1000. */
  readonly resamples?: number
  /** Coverage of the interval, in (0, 1). Default 0.95. */
  readonly level?: number
}

/** Ends of a percentile interval, and the standard deviation of the resampled values. */
export interface Spread {
  readonly low: number
  readonly high: number
  readonly standardError: number
}

/** Throws unless the options are in range. */
export function checkResampleOptions(caller: string, options: ResampleOptions): Required<ResampleOptions> {
  const { rng, resamples = 1000, level = 0.95 } = options
  if (typeof rng !== 'function') {
    throw new MetricError(
      'METRIC_OPTION',
      `${caller}: options.rng must be a function that returns uniform numbers in [0, 1), got ${typeof rng}.`,
    )
  }
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new MetricError('METRIC_OPTION', `${caller}: options.resamples must be an integer of at least 1, got ${resamples}.`)
  }
  if (!(level > 0 && level < 1)) throw new MetricError('METRIC_OPTION', `${caller}: options.level must be between 0 and 1, got ${level}.`)
  return { rng, resamples, level }
}

/** One draw; throws when `rng` does not keep its word. */
export function drawUniform(caller: string, rng: Rng): number {
  const value = rng()
  if (!(value >= 0 && value < 1))
    throw new MetricError('METRIC_OPTION', `${caller}: options.rng must return numbers in [0, 1), got ${value}.`)
  return value
}

/** Draws clips with replacement and takes Σ numerator / Σ denominator, `resamples` times. */
export function resampleRatios(
  caller: string,
  numerators: Float64Array,
  denominators: Float64Array,
  { rng, resamples }: Required<ResampleOptions>,
): Float64Array {
  const clips = numerators.length
  const ratios = new Float64Array(resamples)
  for (let i = 0; i < resamples; i++) {
    let numerator = 0
    let denominator = 0
    for (let draw = 0; draw < clips; draw++) {
      const clip = Math.floor(drawUniform(caller, rng) * clips)
      numerator += numerators[clip]
      denominator += denominators[clip]
    }
    ratios[i] = numerator / denominator
  }
  return ratios
}

/** Quantile of ascending values, linear between neighbours (NumPy's default). */
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}

/** Percentile interval and standard error of resampled values. */
export function spread(values: Float64Array, level: number): Spread {
  const sorted = values.slice().sort()
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    low: quantile(sorted, (1 - level) / 2),
    high: quantile(sorted, (1 + level) / 2),
    standardError: Math.sqrt(squares / Math.max(1, values.length - 1)),
  }
}
