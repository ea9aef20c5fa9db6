import { checkChoice, checkInteger, sizeOf } from './check.js'
import { defineWaveformTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `sliceSamples`: length of the slice and where it may start. */
export interface SliceSamplesOptions {
  /** Length of the slice, samples, ≥ 1. */
  readonly samples: number
  /**
   * `'bothSides'`: every clip is padded with half a slice of zeros on both sides, then cut: the scheme of BC learning.
   * `'ifShort'`: a longer clip is cut, a shorter one is placed at random among zeros. @defaultValue 'bothSides'
   */
  readonly padding?: 'bothSides' | 'ifShort'
  /** Whether the last possible offset can be drawn. The authors' code leaves it out. @defaultValue 'included' */
  readonly lastOffset?: 'included' | 'excluded'
  /** @defaultValue 1 */
  readonly p?: number
}

/** Samples `startSample` … `startSample + keptSamples - 1` of the clip come to lie at `offsetSample` of the slice; the rest is 0. */
export interface SliceSamplesParams {
  readonly startSample: number
  readonly keptSamples: number
  readonly offsetSample: number
}

/**
 * A slice of `samples` samples at a random place. Some of the clip is always in it: with `'bothSides'` at least half a slice, or
 * all of a clip shorter than that.
 *
 * @throws `AUGMENT_RANGE` when `samples` is no integer ≥ 1
 * @see Tokozume et al. 2018, arXiv:1711.10282, for `'bothSides'`; Akiyama & Sato 2019, §4, for `'ifShort'`
 */
export function sliceSamples(options: SliceSamplesOptions): Transform<Waveform, SliceSamplesParams> {
  const { samples, padding = 'bothSides', lastOffset = 'included', p = 1 } = options ?? {}
  const name = 'sliceSamples'
  checkInteger(name, 'samples', samples, 1)
  checkChoice(name, 'padding', padding, ['bothSides', 'ifShort'])
  checkChoice(name, 'lastOffset', lastOffset, ['included', 'excluded'])

  return defineWaveformTransform({
    name,
    p,
    given: options,
    options: { samples, padding, lastOffset },
    draw: (rng: Rng, about: SampleInfo) => {
      const length = sizeOf(name, about, 'samples')
      const offset = (spare: number): number => drawInteger(rng, 0, lastOffset === 'included' ? spare : Math.max(0, spare - 1))
      if (padding === 'ifShort') {
        const keptSamples = Math.min(length, samples)
        return { startSample: offset(length - keptSamples), keptSamples, offsetSample: offset(samples - keptSamples) }
      }
      const pad = Math.floor(samples / 2)
      const shift = offset(length + 2 * pad - samples)
      const startSample = Math.max(0, shift - pad)
      return { startSample, keptSamples: Math.min(length, shift + samples - pad) - startSample, offsetSample: Math.max(0, pad - shift) }
    },
    apply: (sample, params) => ({ ...sample, samples: placeSamples(sample.samples, samples, params) }),
    resize: (about) => ({ ...about, samples }),
  })
}

export function placeSamples(
  from: Float32Array,
  length: number,
  { startSample, keptSamples, offsetSample }: SliceSamplesParams,
): Float32Array {
  checkInteger('sliceSamples', 'params.startSample', startSample, 0, from.length - 1)
  checkInteger('sliceSamples', 'params.keptSamples', keptSamples, 1, from.length - startSample)
  checkInteger('sliceSamples', 'params.offsetSample', offsetSample, 0, length - keptSamples)
  const slice = new Float32Array(length)
  slice.set(from.subarray(startSample, startSample + keptSamples), offsetSample)
  return slice
}
