import { checkChoice, checkInteger, sizeOf } from './check.js'
import { defineWaveformTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `padSamples`: how many zeros, and where. */
export interface PadSamplesOptions {
  /** Zeros put before and after every clip, samples, ≥ 0. @defaultValue 0 */
  readonly eachSideSamples?: number
  /** A clip that is still shorter than this is padded to it, samples, ≥ 0. @defaultValue 0 */
  readonly minSamples?: number
  /** Where the clip lies in those further zeros. @defaultValue 'random' */
  readonly placement?: 'random' | 'start' | 'center' | 'end'
  /** @defaultValue 1 */
  readonly p?: number
}

/** Zeros before and after the clip, samples. */
export interface PadSamplesParams {
  readonly beforeSamples: number
  readonly afterSamples: number
}

/**
 * Pads a clip with silence.
 *
 * @throws `AUGMENT_RANGE` for sizes that are no integers ≥ 0
 * @see Akiyama & Sato 2019, §4
 */
export function padSamples(options: PadSamplesOptions = {}): Transform<Waveform, PadSamplesParams> {
  const { eachSideSamples = 0, minSamples = 0, placement = 'random', p = 1 } = options
  const name = 'padSamples'
  checkInteger(name, 'eachSideSamples', eachSideSamples)
  checkInteger(name, 'minSamples', minSamples)
  checkChoice(name, 'placement', placement, ['random', 'start', 'center', 'end'])

  return defineWaveformTransform({
    name,
    p,
    given: options,
    options: { eachSideSamples, minSamples, placement },
    draw: (rng: Rng, about: SampleInfo) => {
      const missing = Math.max(0, minSamples - sizeOf(name, about, 'samples') - 2 * eachSideSamples)
      const random = drawInteger(rng, 0, missing)
      const before = { random, start: 0, center: Math.floor(missing / 2), end: missing }[placement]
      return { beforeSamples: eachSideSamples + before, afterSamples: eachSideSamples + missing - before }
    },
    apply: (sample, { beforeSamples, afterSamples }) => {
      checkInteger(name, 'params.beforeSamples', beforeSamples)
      checkInteger(name, 'params.afterSamples', afterSamples)
      const samples = new Float32Array(beforeSamples + sample.samples.length + afterSamples)
      samples.set(sample.samples, beforeSamples)
      return { ...sample, samples }
    },
    resize: (about, { beforeSamples, afterSamples }) => ({
      ...about,
      samples: sizeOf(name, about, 'samples') + beforeSamples + afterSamples,
    }),
  })
}
