import { checkInteger, checkNumber, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger, drawUniform } from './draw-numbers.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `timeWarp`: how far frames may move. */
export interface TimeWarpOptions {
  /** A point moves by at most this many frames to either side, ≥ 0. @defaultValue 40 */
  readonly maxShiftFrames?: number
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** What was at frame `centerFrame` comes to lie at `centerFrame + shiftFrames`. */
export interface TimeWarpParams {
  readonly centerFrame: number
  readonly shiftFrames: number
}

/**
 * Moves one point in time and stretches or squeezes both sides to fit; the first and the last frame stay. Values in between are
 * linear interpolations, so nothing leaves the range of its bin. A shift is cut to what a short sample allows: below 5 frames
 * nothing moves. Not used by the paper, where it gained nothing.
 *
 * @throws `AUGMENT_RANGE` for a negative or non-finite `maxShiftFrames`
 * @see Park et al. 2019, arXiv:1904.08779
 */
export function timeWarp(options: TimeWarpOptions = {}): Transform<Spectrogram, TimeWarpParams> {
  const { maxShiftFrames = 40, p = 0.5 } = options
  const name = 'timeWarp'
  checkNumber(name, 'maxShiftFrames', maxShiftFrames, 0)

  return defineSpectrogramTransform({
    name,
    p,
    given: options,
    options: { maxShiftFrames },
    draw: (rng: Rng, about: SampleInfo) => {
      const last = sizeOf(name, about, 'frames') - 1
      const shift = Math.min(maxShiftFrames, Math.max(0, Math.floor((last - 2) / 2))) // keeps the moved point inside, off both ends
      const margin = Math.min(Math.floor(shift) + 1, Math.floor(last / 2))
      const centerFrame = drawInteger(rng, margin, last - margin)
      return { centerFrame, shiftFrames: drawUniform(rng, -shift, shift) }
    },
    apply: (sample, params) => {
      const data = new Float32Array(sample.data.length)
      warpFrames(data, sample.data, sample.bins, sample.frames, params)
      return { ...sample, data }
    },
  })
}

/** Writes the warp of `from` into `into`, another array of the same size. */
export function warpFrames(
  into: Float32Array,
  from: Float32Array,
  bins: number,
  frames: number,
  { centerFrame, shiftFrames }: TimeWarpParams,
): void {
  const last = frames - 1
  checkInteger('timeWarp', 'params.centerFrame', centerFrame, 0, last)
  if (shiftFrames === 0) {
    into.set(from)
    return
  }
  checkNumber('timeWarp', 'params.shiftFrames', shiftFrames, -centerFrame, last - centerFrame)
  const moved = centerFrame + shiftFrames
  for (let frame = 0; frame < frames; frame++) {
    const source =
      frame < moved ? (frame * centerFrame) / moved : last - ((last - frame) * (last - centerFrame)) / Math.max(last - moved, 1e-9)
    const left = Math.min(last, Math.max(0, Math.floor(source)))
    const right = Math.min(last, left + 1)
    const share = Math.min(1, Math.max(0, source - left))
    for (let row = 0; row < bins * frames; row += frames) into[row + frame] = (1 - share) * from[row + left] + share * from[row + right]
  }
}
