import { checkChoice, checkNumber, checkOrder, sizeOf } from './check.js'
import { defineWaveformTransform } from './define-transform.js'
import { drawUniform } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `scaleSamples`: range of the factor on the length, and the interpolation. */
export interface ScaleSamplesOptions {
  /** Smallest factor on the length, > 0. @defaultValue 0.8 */
  readonly minFactor?: number
  /** Largest factor on the length. @defaultValue 1.25 */
  readonly maxFactor?: number
  /** `'nearest'` takes the sample at or before each place, as the authors' code does. @defaultValue 'linear' */
  readonly interpolation?: 'linear' | 'nearest'
  /** @defaultValue 1 */
  readonly p?: number
}

/** The factor on the length: above 1 slower and lower. */
export interface ScaleSamplesParams {
  readonly factor: number
}

/**
 * Plays a clip slower or faster, pitch included: length ⌊samples · factor⌋, at least 1, the factor uniform on a logarithmic scale
 * (1.25^U(−1, 1) by default).
 *
 * @throws `AUGMENT_RANGE` for factors that are not positive or out of order
 * @see Akiyama & Sato 2019, §4; Tokozume et al. 2018, arXiv:1711.10282
 */
export function scaleSamples(options: ScaleSamplesOptions = {}): Transform<Waveform, ScaleSamplesParams> {
  const { minFactor = 0.8, maxFactor = 1.25, interpolation = 'linear', p = 1 } = options
  const name = 'scaleSamples'
  checkNumber(name, 'minFactor', minFactor, 0.01, 100)
  checkNumber(name, 'maxFactor', maxFactor, 0.01, 100)
  checkOrder(name, 'minFactor', minFactor, 'maxFactor', maxFactor)
  checkChoice(name, 'interpolation', interpolation, ['linear', 'nearest'])

  return defineWaveformTransform({
    name,
    p,
    given: options,
    options: { minFactor, maxFactor, interpolation },
    draw: (rng: Rng, about: SampleInfo) => {
      sizeOf(name, about, 'samples')
      const factor = Math.exp(drawUniform(rng, Math.log(minFactor), Math.log(maxFactor)))
      return { factor: Math.min(maxFactor, Math.max(minFactor, factor)) }
    },
    apply: (sample, { factor }) => {
      checkNumber(name, 'params.factor', factor, 0.01, 100)
      return { ...sample, samples: scaledWindow(sample.samples, factor, interpolation, 0, scaledLength(sample.samples.length, factor)) }
    },
    resize: (about, { factor }) => ({ ...about, samples: scaledLength(sizeOf(name, about, 'samples'), factor) }),
  })
}

/** Length of the scaled clip, samples. */
export function scaledLength(samples: number, factor: number): number {
  return Math.max(1, Math.floor(samples * factor))
}

/** Samples `start` … `start + length - 1` of the scaled clip, without computing the others. */
export function scaledWindow(
  from: Float32Array,
  factor: number,
  interpolation: 'linear' | 'nearest',
  start: number,
  length: number,
): Float32Array {
  const scaled = new Float32Array(length)
  const last = from.length - 1
  for (let i = 0; i < length; i++) {
    const place = (start + i) / factor
    const left = Math.min(last, Math.floor(place))
    if (interpolation === 'nearest') {
      scaled[i] = from[left]
    } else {
      const share = Math.min(1, place - left)
      scaled[i] = from[left] * (1 - share) + from[Math.min(left + 1, last)] * share
    }
  }
  return scaled
}
