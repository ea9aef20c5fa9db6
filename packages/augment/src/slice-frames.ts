import { checkChoice, checkInteger, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

export interface SliceFramesOptions {
  /** Length of the slice, frames, ≥ 1. */
  readonly frames: number
  /** Whether the last possible offset can be drawn. The authors' code leaves it out. @defaultValue 'included' */
  readonly lastOffset?: 'included' | 'excluded'
  /** @defaultValue 1 */
  readonly p?: number
}

/** Frames `startFrame` … `startFrame + keptFrames - 1` of the sample come to lie at `offsetFrame` of the slice; the rest is 0. */
export interface SliceFramesParams {
  readonly startFrame: number
  readonly keptFrames: number
  readonly offsetFrame: number
}

/**
 * A slice of `frames` frames: a random window of a longer sample; a shorter one is placed at random in silence (power 0).
 *
 * @throws `AUGMENT_RANGE` when `frames` is no integer ≥ 1
 * @see Akiyama & Sato 2019, §4.1
 */
export function sliceFrames(options: SliceFramesOptions): Transform<Spectrogram, SliceFramesParams> {
  const { frames, lastOffset = 'included', p = 1 } = options ?? {}
  const name = 'sliceFrames'
  checkInteger(name, 'frames', frames, 1)
  checkChoice(name, 'lastOffset', lastOffset, ['included', 'excluded'])

  return defineSpectrogramTransform({
    name,
    p,
    given: options,
    options: { frames, lastOffset },
    draw: (rng: Rng, about: SampleInfo) => {
      const length = sizeOf(name, about, 'frames')
      return drawWindow(rng, length, Math.min(length, frames), frames, lastOffset)
    },
    apply: (sample, params) => {
      const data = new Float32Array(sample.bins * frames)
      addFrames(data, frames, sample, params, 1)
      return { ...sample, data, frames }
    },
    resize: (about) => ({ ...about, frames }),
  })
}

/** Where `kept` of `length` frames start, and where they go among `frames`: both uniform. */
export function drawWindow(
  rng: Rng,
  length: number,
  kept: number,
  frames: number,
  lastOffset: 'included' | 'excluded' = 'included',
): SliceFramesParams {
  const offset = (spare: number): number => drawInteger(rng, 0, lastOffset === 'included' ? spare : Math.max(0, spare - 1))
  return { startFrame: offset(length - kept), keptFrames: kept, offsetFrame: offset(frames - kept) }
}

/** Adds `weight` times the window of `sample` to `into` `[bins, frames]`, in place, in bins `startBin` … `endBin - 1` or all. */
export function addFrames(
  into: Float32Array,
  frames: number,
  sample: Spectrogram,
  params: SliceFramesParams,
  weight: number,
  keptBins: { readonly startBin: number; readonly endBin: number } | null = null,
): void {
  const { startFrame, keptFrames, offsetFrame } = params
  checkInteger('sliceFrames', 'params.startFrame', startFrame, 0, sample.frames - 1)
  checkInteger('sliceFrames', 'params.keptFrames', keptFrames, 1, sample.frames - startFrame)
  checkInteger('sliceFrames', 'params.offsetFrame', offsetFrame, 0, frames - keptFrames)
  const { data, bins } = sample
  const { startBin, endBin } = keptBins ?? { startBin: 0, endBin: bins }
  checkInteger('sliceFrames', 'params.startBin', startBin, 0, bins)
  checkInteger('sliceFrames', 'params.endBin', endBin, startBin, bins)
  for (let bin = startBin; bin < endBin; bin++) {
    const from = bin * sample.frames + startFrame
    const to = bin * frames + offsetFrame
    for (let i = 0; i < keptFrames; i++) into[to + i] += weight * data[from + i]
  }
}
