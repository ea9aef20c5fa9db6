import { checkChoice, checkInteger, checkOrder, checkPositive, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger, drawUniform } from './draw-numbers.js'
import { drawWindow, placeFrames } from './slice-frames.js'
import type { KeptBins, SliceFramesParams } from './slice-frames.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `shrinkFrames`: which share of the frames may stay. */
export interface ShrinkFramesOptions {
  /** Smallest share of the frames that stays, in (0, 1]. @defaultValue 0.25 */
  readonly minShare?: number
  /** Largest share of the frames that stays, in (0, 1]. @defaultValue 1 */
  readonly maxShare?: number
  /** Blank bins instead of frames, as the authors' code does where a clip is longer than the slice. @defaultValue false */
  readonly axisBug?: boolean
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** Which frames stay and where they go; with `axisBug`, which bins stay. */
export type ShrinkFramesParams = SliceFramesParams | KeptBins

/**
 * The paper's additional slicing: a random 25 to 100 % of the frames, in one piece, placed at random among as many frames as before;
 * the rest is silence (power 0). At least one frame, and never less than `minShare` of them, stays.
 *
 * `axisBug` is what the released code does to a clip longer than its slice: it draws the same window of frames, and blanks the *bins*
 * with those numbers. At 128 bins and 512 frames 15 % of its draws (p 0.5) leave nothing, 34 % a part, 51 % everything.
 *
 * @throws `AUGMENT_RANGE` for shares outside (0, 1] or out of order
 * @see Akiyama & Sato 2019, §4, model #2
 */
export function shrinkFrames(options: ShrinkFramesOptions = {}): Transform<Spectrogram, ShrinkFramesParams> {
  const { minShare = 0.25, maxShare = 1, axisBug = false, p = 0.5 } = options
  const name = 'shrinkFrames'
  checkPositive(name, 'minShare', minShare, 1)
  checkPositive(name, 'maxShare', maxShare, 1)
  checkOrder(name, 'minShare', minShare, 'maxShare', maxShare)
  checkChoice(name, 'axisBug', axisBug, [true, false])

  return defineSpectrogramTransform<ShrinkFramesParams>({
    name,
    p,
    given: options,
    options: { minShare, maxShare, axisBug },
    draw: (rng: Rng, about: SampleInfo) => {
      const frames = sizeOf(name, about, 'frames')
      const share = drawUniform(rng, minShare, maxShare)
      return axisBug
        ? drawKeptBins(rng, share, frames, sizeOf(name, about, 'bins'))
        : drawWindow(rng, frames, Math.ceil(share * frames), frames)
    },
    apply: (sample, params) => {
      if ('startBin' in params) {
        const data = sample.data.slice()
        keepBins(data, sample.bins, sample.frames, params)
        return { ...sample, data }
      }
      const data = new Float32Array(sample.data.length)
      placeFrames(data, sample.frames, sample, params)
      return { ...sample, data }
    },
  })
}

/** A window of `share` of the frames, its last offset left out, taken for bins. */
export function drawKeptBins(rng: Rng, share: number, frames: number, bins: number): KeptBins {
  const kept = Math.floor(share * frames)
  const start = drawInteger(rng, 0, Math.max(0, frames - kept - 1))
  return { startBin: Math.min(start, bins), endBin: Math.min(start + kept, bins) }
}

/** In place. */
export function keepBins(data: Float32Array, bins: number, frames: number, { startBin, endBin }: KeptBins): void {
  checkInteger('shrinkFrames', 'params.startBin', startBin, 0, bins)
  checkInteger('shrinkFrames', 'params.endBin', endBin, startBin, bins)
  data.fill(0, 0, startBin * frames)
  data.fill(0, endBin * frames)
}
