import { checkNumber, checkOrder } from './check.js'
import { defineWaveformTransform } from './define-transform.js'
import { drawUniform } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `gainSamples`: range of the gain. */
export interface GainSamplesOptions {
  /** Smallest gain, dB. @defaultValue -6 */
  readonly minDecibels?: number
  /** Largest gain, dB. @defaultValue 6 */
  readonly maxDecibels?: number
  /** @defaultValue 1 */
  readonly p?: number
}

/** The factor on all samples. */
export interface GainSamplesParams {
  readonly factor: number
}

/**
 * Multiplies a waveform by 10^(g / 20) with g uniform in dB: 0.501 to 1.995 by default. Nothing is clipped.
 *
 * @throws `AUGMENT_RANGE` for gains that are not finite or out of order
 * @see Akiyama & Sato 2019, §4
 */
export function gainSamples(options: GainSamplesOptions = {}): Transform<Waveform, GainSamplesParams> {
  const { minDecibels = -6, maxDecibels = 6, p = 1 } = options
  const name = 'gainSamples'
  checkNumber(name, 'minDecibels', minDecibels, -200, 200)
  checkNumber(name, 'maxDecibels', maxDecibels, -200, 200)
  checkOrder(name, 'minDecibels', minDecibels, 'maxDecibels', maxDecibels)

  return defineWaveformTransform({
    name,
    p,
    given: options,
    options: { minDecibels, maxDecibels },
    draw: (rng: Rng) => ({ factor: 10 ** (drawUniform(rng, minDecibels, maxDecibels) / 20) }),
    apply: (sample, { factor }) => {
      checkNumber(name, 'params.factor', factor, 0)
      const samples = new Float32Array(sample.samples.length)
      for (let i = 0; i < samples.length; i++) samples[i] = sample.samples[i] * factor
      return { ...sample, samples }
    },
  })
}
