import { checkChoice, checkInteger, checkOrder, sizeOf } from './check.js'
import { defineSpectrogramTransform } from './define-transform.js'
import { drawInteger } from './draw-numbers.js'
import { checkFill, fillValue } from './mask-fill.js'
import type { MaskFill } from './mask-fill.js'
import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `frequencyMask`: width and place of the masked bins, and what fills them. */
export interface FrequencyMaskOptions {
  /** Narrowest mask, bins, ≥ 1. @defaultValue 8 */
  readonly minWidthBins?: number
  /** Widest mask, bins, included. @defaultValue 32 */
  readonly maxWidthBins?: number
  /** What the masked bins become. @defaultValue 0, silence: the floor once `topDb` is applied */
  readonly fill?: MaskFill
  /**
   * `'width'`: the mask is that wide and lies anywhere inside. `'half-width'`: that many bins on each side of a centre that lies
   * anywhere, cut off at the edges, so 1 to twice as wide: what the authors' code does. @defaultValue 'width'
   */
  readonly semantics?: 'width' | 'half-width'
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** The masked bins: `startBin` … `startBin + widthBins - 1`. */
export interface FrequencyMaskParams {
  readonly startBin: number
  readonly widthBins: number
}

/**
 * Silences one block of neighbouring bins of a power spectrogram, over all frames. SpecAugment's frequency mask; in the paper 8 to
 * 32 of 128 mel bins. A spectrogram with fewer bins than a mask is masked entirely.
 *
 * @throws `AUGMENT_RANGE` for widths that are no integers ≥ 1 or out of order
 * @see Akiyama & Sato 2019, §4; Park et al. 2019, arXiv:1904.08779
 * @example
 * import { createRng, frequencyMask } from '@audiotag/augment'
 * const mask = frequencyMask({ minWidthBins: 8, maxWidthBins: 32, p: 1 })
 * const params = mask.draw(createRng(1), { bins: 128, frames: 512 })
 * params.widthBins >= 8 && params.startBin + params.widthBins <= 128 // => true
 */
export function frequencyMask(options: FrequencyMaskOptions = {}): Transform<Spectrogram, FrequencyMaskParams> {
  const { minWidthBins = 8, maxWidthBins = 32, fill = 0, semantics = 'width', p = 0.5 } = options
  const name = 'frequencyMask'
  checkInteger(name, 'minWidthBins', minWidthBins, 1)
  checkInteger(name, 'maxWidthBins', maxWidthBins, 1)
  checkOrder(name, 'minWidthBins', minWidthBins, 'maxWidthBins', maxWidthBins)
  checkFill(name, fill)
  checkChoice(name, 'semantics', semantics, ['width', 'half-width'])

  return defineSpectrogramTransform({
    name,
    p,
    given: options,
    options: { minWidthBins, maxWidthBins, fill, semantics },
    draw: (rng: Rng, about: SampleInfo) => {
      const bins = sizeOf(name, about, 'bins')
      const width = drawInteger(rng, minWidthBins, maxWidthBins)
      if (semantics === 'width') {
        const widthBins = Math.min(width, bins)
        return { startBin: drawInteger(rng, 0, bins - widthBins), widthBins }
      }
      const centre = drawInteger(rng, 0, bins - 1)
      const startBin = Math.max(0, centre - width)
      return { startBin, widthBins: Math.min(bins, centre + width) - startBin }
    },
    apply: (sample, params) => {
      const data = sample.data.slice()
      maskBins(data, sample.bins, sample.frames, params, fill)
      return { ...sample, data }
    },
  })
}

/** In place. */
export function maskBins(
  data: Float32Array,
  bins: number,
  frames: number,
  { startBin, widthBins }: FrequencyMaskParams,
  fill: MaskFill,
): void {
  checkInteger('frequencyMask', 'params.startBin', startBin, 0, bins - 1)
  checkInteger('frequencyMask', 'params.widthBins', widthBins, 1, bins - startBin)
  const value = fillValue(data, fill, (bin) => bin >= startBin && bin < startBin + widthBins, frames)
  data.fill(value, startBin * frames, (startBin + widthBins) * frames)
}
