import { checkPositive, checkProbabilities } from './check-probabilities.js'
import { SslError } from './errors.js'

/**
 * What keeps a sharpened row in range: `'sum'` divides by the sum over the classes of a clip, `'bernoulli'` treats each class as a coin of its own,
 * `'none'` leaves the powers as they are.
 */
export type Normalize = 'sum' | 'bernoulli' | 'none'

/** Options of {@link sharpen}. */
export interface SharpenOptions {
  /** Classes in a row. */
  readonly classes: number
  /** Power k, above 0; default 2. Above 1 sharpens, 1 keeps, below 1 flattens. */
  readonly exponent?: number
  /** Default `'sum'`, the authors' rule. */
  readonly normalize?: Normalize
}

/**
 * Sharpens probabilities by a power k, in float64:
 * `'sum'` pᵏ / Σ pᵏ over the classes of a clip, `'bernoulli'` pᵏ / (pᵏ + (1 − p)ᵏ), `'none'` pᵏ. Keeps the order of the classes of a clip.
 *
 * Rows of `'sum'` add up to 1: a clip with two sure classes (0.9, 0.85) gets about 0.5 for each, and one with nothing above 0.05 gets a sure
 * looking 0.5. `'bernoulli'` keeps several sure classes sure and unsure clips unsure.
 *
 * @param p `[clips, classes]` row-major, 0 to 1
 * @returns a new `[clips, classes]`
 * @throws SslError `'shape'`, `'option'`, `'probability'`; `'zero-row'` for a clip that `'sum'` cannot normalise because all its classes are 0
 *
 * Paper §5.2 ("sharpening of MixMatch, temperature 2"): what it calls a temperature of 2 is this exponent of 2; see {@link mixMatchSharpen}.
 *
 * @example
 * sharpen(Float32Array.of(0.6, 0.3), { classes: 2 }) // => ≈ [0.8, 0.2]
 * sharpen(Float32Array.of(0.75, 0.25), { classes: 2, normalize: 'bernoulli' }) // => ≈ [0.9, 0.1]
 */
export function sharpen(p: Float32Array, { classes, exponent = 2, normalize = 'sum' }: SharpenOptions): Float32Array {
  checkProbabilities('sharpen', p, classes)
  checkPositive('sharpen', 'exponent', exponent)
  if (normalize === 'none') return p.map((value) => value ** exponent)
  // ((1 − p) / p)ᵏ instead of two powers: neither large exponents nor tiny probabilities underflow to 0 / 0.
  if (normalize === 'bernoulli') return p.map((value) => 1 / (1 + ((1 - value) / value) ** exponent))
  if (normalize !== 'sum') {
    throw new SslError('option', `sharpen: normalize must be 'sum', 'bernoulli' or 'none', got '${String(normalize)}'.`)
  }
  const sharpened = new Float32Array(p.length)
  const powers = new Float64Array(classes)
  for (let start = 0; start < p.length; start += classes) {
    let largest = 0
    for (let c = 0; c < classes; c++) largest = Math.max(largest, p[start + c])
    if (largest === 0) {
      throw new SslError(
        'zero-row',
        `sharpen: normalize 'sum' needs a class above 0 in every clip, but clip ${start / classes} has none. Leave it out, or take 'bernoulli'.`,
      )
    }
    let sum = 0
    for (let c = 0; c < classes; c++) {
      powers[c] = (p[start + c] / largest) ** exponent // relative to the largest, so that the sum is at least 1
      sum += powers[c]
    }
    for (let c = 0; c < classes; c++) sharpened[start + c] = powers[c] / sum
  }
  return sharpened
}
