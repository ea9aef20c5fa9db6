import { checkNumber, checkOrder, checkPositive } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawUniform } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `gainPower`: range of the factor on power. */
export interface GainPowerOptions {
  /** Smallest factor on power, > 0. @defaultValue 0.8 */
  readonly minFactor?: number
  /** Largest factor on power. @defaultValue 1.2 */
  readonly maxFactor?: number
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** The factor on all values. */
export interface GainPowerParams {
  readonly factor: number
}

/**
 * Multiplies a power spectrogram by one factor. After dB and standardisation per sample this is gone without a trace, so apply it
 * to one of two samples *before* they are mixed.
 *
 * @throws `AUGMENT_RANGE` for factors that are not positive or out of order
 * @see Akiyama & Sato 2019, §4
 */
export function gainPower(options: GainPowerOptions = {}): Transform<Spectrogram, GainPowerParams> {
  const { minFactor = 0.8, maxFactor = 1.2, p = 0.5 } = options
  const name = 'gainPower'
  checkPositive(name, 'minFactor', minFactor)
  checkPositive(name, 'maxFactor', maxFactor)
  checkOrder(name, 'minFactor', minFactor, 'maxFactor', maxFactor)

  return defineSpectrogramTransform({
    name,
    p,
    given: options,
    options: { minFactor, maxFactor },
    draw: (rng: Rng) => ({ factor: drawUniform(rng, minFactor, maxFactor) }),
    apply: (sample, { factor }) => {
      checkNumber(name, 'params.factor', factor, 0)
      return { ...sample, data: sample.data.map((value) => value * factor) }
    },
  })
}
