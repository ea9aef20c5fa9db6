import { checkPositive } from './check-probabilities.js'
import { SslError } from './errors.js'
import { sharpen } from './sharpen.js'

/** Options of {@link mixMatchSharpen}. */
export interface MixMatchSharpenOptions {
  /** Classes in a row. */
  readonly classes: number
  /** T, above 0; default 0.5. **Below** 1 sharpens: the power is 1 / T. */
  readonly temperature?: number
  /** What the probabilities are of: `'sigmoid'` (default, multi-label) or `'softmax'`. */
  readonly activation?: 'sigmoid' | 'softmax'
}

/**
 * MixMatch's sharpening: p^(1/T) / Σ p^(1/T) for softmax (Berthelot et al. 2019, equation 7), and class by class
 * p^(1/T) / (p^(1/T) + (1 − p)^(1/T)) for sigmoid. Temperature 0.5 is exponent 2 of {@link sharpen}.
 *
 * @param p `[clips, classes]` row-major, 0 to 1
 * @returns a new `[clips, classes]`
 * @throws SslError as {@link sharpen}
 */
export function mixMatchSharpen(
  p: Float32Array,
  { classes, temperature = 0.5, activation = 'sigmoid' }: MixMatchSharpenOptions,
): Float32Array {
  checkPositive('mixMatchSharpen', 'temperature', temperature)
  if (activation !== 'sigmoid' && activation !== 'softmax') {
    throw new SslError('option', `mixMatchSharpen: activation must be 'sigmoid' or 'softmax', got '${String(activation)}'.`)
  }
  return sharpen(p, { classes, exponent: 1 / temperature, normalize: activation === 'softmax' ? 'sum' : 'bernoulli' })
}
