import { checkChoice, checkInteger, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `sliceFrames`: length of the slice and where it may start. */
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

/** Bins `startBin` … `endBin - 1`; none where both are alike. */
export interface KeptBins {
  readonly startBin: number
  readonly endBin: number
}

/**
 * A slice of `frames` frames: a random window of a longer sample; a shorter one is placed at random in silence (power 0).
 *
 * @throws `AUGMENT_RANGE` when `frames` is no integer ≥ 1
 * @see Akiyama & Sato 2019, §4
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
      placeFrames(data, frames, sample, params)
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

/** Writes `weight` times the window of `sample` into `into`, `[bins, frames]` zeros, in bins `startBin` … `endBin - 1` or all. */
export function placeFrames(
  into: Float32Array,
  frames: number,
  sample: Spectrogram,
  params: SliceFramesParams,
  weight: number = 1,
  keptBins: KeptBins | null = null,
): void {
  if (weight !== 1) {
    addFrames(into, frames, sample, params, weight, keptBins)
    return
  }
  const { startBin, endBin } = checkWindow(frames, sample, params, keptBins)
  for (let bin = startBin; bin < endBin; bin++) {
    const from = bin * sample.frames + params.startFrame
    into.set(sample.data.subarray(from, from + params.keptFrames), bin * frames + params.offsetFrame)
  }
}

/** Adds `weight` times the window of `sample` to what `into` holds. Four frames a turn: three times as fast as one, in V8. */
export function addFrames(
  into: Float32Array,
  frames: number,
  sample: Spectrogram,
  params: SliceFramesParams,
  weight: number,
  keptBins: KeptBins | null = null,
): void {
  const { startBin, endBin } = checkWindow(frames, sample, params, keptBins)
  const { data } = sample
  for (let bin = startBin; bin < endBin; bin++) {
    let from = bin * sample.frames + params.startFrame
    let to = bin * frames + params.offsetFrame
    const end = to + params.keptFrames
    for (; to < end - 3; to += 4, from += 4) {
      into[to] += weight * data[from]
      into[to + 1] += weight * data[from + 1]
      into[to + 2] += weight * data[from + 2]
      into[to + 3] += weight * data[from + 3]
    }
    for (; to < end; to++, from++) into[to] += weight * data[from]
  }
}

function checkWindow(frames: number, sample: Spectrogram, params: SliceFramesParams, keptBins: KeptBins | null): KeptBins {
  const { startBin, endBin } = keptBins ?? { startBin: 0, endBin: sample.bins }
  checkInteger('sliceFrames', 'params.startFrame', params.startFrame, 0, sample.frames - 1)
  checkInteger('sliceFrames', 'params.keptFrames', params.keptFrames, 1, sample.frames - params.startFrame)
  checkInteger('sliceFrames', 'params.offsetFrame', params.offsetFrame, 0, frames - params.keptFrames)
  checkInteger('sliceFrames', 'params.startBin', startBin, 0, sample.bins)
  checkInteger('sliceFrames', 'params.endBin', endBin, startBin, sample.bins)
  return { startBin, endBin }
}
