import { randomNormal } from 'd3-random'
import { checkInteger, checkNumber, checkOrder } from './check.js'
import { createRng } from './create-rng.js'
import { defineWaveformTransform } from './define-transform.js'
import { drawInteger, drawUniform } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `whiteNoise`: range of the ratio of clip to noise. */
export interface WhiteNoiseOptions {
  /** Loudest noise: lowest ratio of the clip's power to the noise's, dB. @defaultValue 10 */
  readonly minSignalToNoiseDecibels?: number
  /** Softest noise, dB. @defaultValue 40 */
  readonly maxSignalToNoiseDecibels?: number
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** The ratio, and the seed of the noise: `apply` makes the same noise from it every time. */
export interface WhiteNoiseParams {
  readonly signalToNoiseDecibels: number
  /** An integer in [0, 2^32). */
  readonly noiseSeed: number
}

/**
 * Adds Gaussian white noise, its power relative to the mean power of the clip. Silence stays silence. The paper tried it, and it was
 * worse: no preset uses it.
 *
 * @throws `AUGMENT_RANGE` for ratios that are not finite or out of order
 * @see Akiyama & Sato 2019, §4
 */
export function whiteNoise(options: WhiteNoiseOptions = {}): Transform<Waveform, WhiteNoiseParams> {
  const { minSignalToNoiseDecibels = 10, maxSignalToNoiseDecibels = 40, p = 0.5 } = options
  const name = 'whiteNoise'
  checkNumber(name, 'minSignalToNoiseDecibels', minSignalToNoiseDecibels, -200, 200)
  checkNumber(name, 'maxSignalToNoiseDecibels', maxSignalToNoiseDecibels, -200, 200)
  checkOrder(name, 'minSignalToNoiseDecibels', minSignalToNoiseDecibels, 'maxSignalToNoiseDecibels', maxSignalToNoiseDecibels)

  return defineWaveformTransform({
    name,
    p,
    given: options,
    options: { minSignalToNoiseDecibels, maxSignalToNoiseDecibels },
    draw: (rng: Rng) => ({
      signalToNoiseDecibels: drawUniform(rng, minSignalToNoiseDecibels, maxSignalToNoiseDecibels),
      noiseSeed: drawInteger(rng, 0, 2 ** 32 - 1),
    }),
    apply: (sample, { signalToNoiseDecibels, noiseSeed }) => {
      checkNumber(name, 'params.signalToNoiseDecibels', signalToNoiseDecibels, -200, 200)
      checkInteger(name, 'params.noiseSeed', noiseSeed, 0, 2 ** 32 - 1)
      let power = 0
      for (const value of sample.samples) power += value * value
      const deviation = Math.sqrt(power / sample.samples.length) * 10 ** (-signalToNoiseDecibels / 20)
      const noise = randomNormal.source(createRng(noiseSeed))(0, deviation)
      return { ...sample, samples: sample.samples.map((value) => value + noise()) }
    },
  })
}
