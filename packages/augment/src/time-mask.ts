import { checkInteger, checkOrder, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import { checkFill, fillValue } from './mask-fill.js'
import type { MaskFill } from './mask-fill.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `timeMask`: width of the masked stretch of frames, and what fills it. */
export interface TimeMaskOptions {
  /** Shortest mask, frames, ≥ 1. @defaultValue 8 */
  readonly minWidthFrames?: number
  /** Longest mask, frames, included. @defaultValue 64 */
  readonly maxWidthFrames?: number
  /** What the masked frames become. @defaultValue 0 */
  readonly fill?: MaskFill
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** The masked frames: `startFrame` … `startFrame + widthFrames - 1`. */
export interface TimeMaskParams {
  readonly startFrame: number
  readonly widthFrames: number
}

/**
 * Silences one block of neighbouring frames of a power spectrogram, in all bins. Never all frames: a mask is at most half of them.
 * Not used by the paper, where it gained nothing.
 *
 * @throws `AUGMENT_RANGE` for widths that are no integers ≥ 1 or out of order
 * @see Park et al. 2019, arXiv:1904.08779
 */
export function timeMask(options: TimeMaskOptions = {}): Transform<Spectrogram, TimeMaskParams> {
  const { minWidthFrames = 8, maxWidthFrames = 64, fill = 0, p = 0.5 } = options
  const name = 'timeMask'
  checkInteger(name, 'minWidthFrames', minWidthFrames, 1)
  checkInteger(name, 'maxWidthFrames', maxWidthFrames, 1)
  checkOrder(name, 'minWidthFrames', minWidthFrames, 'maxWidthFrames', maxWidthFrames)
  checkFill(name, fill)

  return defineSpectrogramTransform({
    name,
    p,
    given: options,
    options: { minWidthFrames, maxWidthFrames, fill },
    draw: (rng: Rng, about: SampleInfo) => {
      const frames = sizeOf(name, about, 'frames')
      const widthFrames = Math.min(drawInteger(rng, minWidthFrames, maxWidthFrames), Math.floor(frames / 2))
      return { startFrame: drawInteger(rng, 0, frames - widthFrames), widthFrames }
    },
    apply: (sample, params) => {
      const data = sample.data.slice()
      maskFrames(data, sample.bins, sample.frames, params, fill)
      return { ...sample, data }
    },
  })
}

/** In place. */
export function maskFrames(
  data: Float32Array,
  bins: number,
  frames: number,
  { startFrame, widthFrames }: TimeMaskParams,
  fill: MaskFill,
): void {
  checkInteger('timeMask', 'params.startFrame', startFrame, 0, frames)
  checkInteger('timeMask', 'params.widthFrames', widthFrames, 0, frames - startFrame)
  const end = startFrame + widthFrames
  const value = fillValue(data, fill, (_, frame) => frame >= startFrame && frame < end, frames)
  for (let bin = 0; bin < bins; bin++) data.fill(value, bin * frames + startFrame, bin * frames + end)
}
