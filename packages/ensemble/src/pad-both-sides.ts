import { EnsembleError } from './errors.js'
import { requireInteger } from './require-integer.js'

/** A mel spectrogram in dB: `data[bin * frames + frame]`. */
export interface Spectrogram {
  /** dB values, row-major `[bins, frames]`. */
  readonly data: Float32Array
  /** Mel bins. */
  readonly bins: number
  /** Frames in time. */
  readonly frames: number
}

/** Options of {@link padBothSides} for a waveform. */
export interface PadWaveformOptions {
  /** Zeros before and again after the clip, ≥ 0. The paper: 8000 and 32000. */
  readonly samples: number
  /** Least length of the result: a shorter clip gets ⌈(minSamples − length) / 2⌉ zeros on each side instead. Default 0. EnvNet-v2: 20580. */
  readonly minSamples?: number
}

/** Options of {@link padBothSides} for a spectrogram. */
export interface PadSpectrogramOptions {
  /** Frames before and again after the clip, ≥ 0. The paper: 8 and 64. */
  readonly frames: number
  /** Least frames of the result: a shorter clip gets ⌈(minFrames − frames) / 2⌉ on each side instead. Default 0. */
  readonly minFrames?: number
  /**
   * What is filled in, in dB. `'default'` and `'referenceCode'`: the clip's maximum − 80, but not below −100, which is what silence
   * (power 0) becomes under amin 1e-10 and topDb 80. `'paper'`: 0, "zero padding" read literally. Or a number of dB.
   */
  readonly fill?: 'default' | 'paper' | 'referenceCode' | number
  /** Called with the padded clip; its result is returned. Give the standardisation here: it belongs after the padding. */
  readonly standardize?: (padded: Spectrogram) => Spectrogram
}

/**
 * Padding for test-time augmentation: the same silence before and after a clip; averaged over several paddings, the prediction
 * depends less on where the sound lies.
 *
 * A spectrogram is padded in dB and **standardised after**: the silence counts in its mean and standard deviation, as in the authors'
 * code. Pass dB values that are not standardised yet, and the standardisation as `standardize`.
 *
 * @param clip mono samples, or a dB spectrogram `[bins, frames]`; not changed
 * @returns a new clip, longer by twice the padding
 * @throws `ENSEMBLE_RANGE` for a padding out of range, `ENSEMBLE_SHAPE` when data and axes disagree, `ENSEMBLE_EMPTY` for an empty
 *         clip, `ENSEMBLE_NOT_FINITE` when the clip's maximum is not finite
 * @see Akiyama & Sato 2019 §7
 * @example
 * import { padBothSides } from '@audiotag/ensemble'
 * padBothSides(Float32Array.of(1, 2), { samples: 1 }) // => Float32Array.of(0, 1, 2, 0)
 * const mel = { data: Float32Array.of(-10, -30), bins: 1, frames: 2 }
 * padBothSides(mel, { frames: 1 }).data // => Float32Array.of(-90, -10, -30, -90)
 */
export function padBothSides(clip: Float32Array, options: PadWaveformOptions): Float32Array
export function padBothSides(clip: Spectrogram, options: PadSpectrogramOptions): Spectrogram
export function padBothSides(
  clip: Float32Array | Spectrogram,
  options: PadWaveformOptions | PadSpectrogramOptions,
): Float32Array | Spectrogram {
  if (clip instanceof Float32Array) return padWaveform(clip, options as PadWaveformOptions)
  return padSpectrogram(clip, options as PadSpectrogramOptions)
}

function padWaveform(clip: Float32Array, { samples, minSamples = 0 }: PadWaveformOptions): Float32Array {
  requireInteger('padBothSides', 'samples', samples, 0)
  requireInteger('padBothSides', 'minSamples', minSamples, 0)
  requireNotEmpty(clip.length)
  const side = sideOf(clip.length, samples, minSamples)
  const padded = new Float32Array(clip.length + 2 * side)
  padded.set(clip, side)
  return padded
}

function padSpectrogram(clip: Spectrogram, { frames, minFrames = 0, fill = 'default', standardize }: PadSpectrogramOptions): Spectrogram {
  requireInteger('padBothSides', 'frames', frames, 0)
  requireInteger('padBothSides', 'minFrames', minFrames, 0)
  if (clip.data.length !== clip.bins * clip.frames) {
    const expected = `bins × frames = ${clip.bins} × ${clip.frames}`
    throw new EnsembleError(
      'ENSEMBLE_SHAPE',
      `padBothSides: data must have ${expected} values, got ${clip.data.length}. Pass a spectrogram [bins, frames].`,
    )
  }
  requireNotEmpty(clip.data.length)
  const side = sideOf(clip.frames, frames, minFrames)
  const width = clip.frames + 2 * side
  const data = new Float32Array(clip.bins * width).fill(side === 0 ? 0 : fillDb(clip.data, fill))
  for (let bin = 0; bin < clip.bins; bin++) {
    data.set(clip.data.subarray(bin * clip.frames, (bin + 1) * clip.frames), bin * width + side)
  }
  const padded = { data, bins: clip.bins, frames: width }
  return standardize === undefined ? padded : standardize(padded)
}

function sideOf(length: number, side: number, minimum: number): number {
  return length + 2 * side < minimum ? Math.ceil((minimum - length) / 2) : side
}

function fillDb(data: Float32Array, fill: NonNullable<PadSpectrogramOptions['fill']>): number {
  if (fill === 'paper') return 0
  if (typeof fill === 'number') {
    if (Number.isFinite(fill)) return fill
    throw new EnsembleError(
      'ENSEMBLE_NOT_FINITE',
      `padBothSides: fill must be a finite number of dB, got ${fill}. Leave it out for max − 80.`,
    )
  }
  if (fill !== 'default' && fill !== 'referenceCode') {
    const names = "'default', 'paper', 'referenceCode' or a number of dB"
    throw new EnsembleError('ENSEMBLE_RANGE', `padBothSides: fill must be ${names}, got ${String(fill)}. Leave it out for the default.`)
  }
  let maximum = -Infinity
  for (const value of data) {
    if (!Number.isFinite(value)) {
      throw new EnsembleError(
        'ENSEMBLE_NOT_FINITE',
        `padBothSides: a spectrogram must be finite, got ${value}. Check the clip's samples and amin.`,
      )
    }
    if (value > maximum) maximum = value
  }
  return Math.max(maximum - 80, -100)
}

function requireNotEmpty(length: number): void {
  if (length > 0) return
  throw new EnsembleError('ENSEMBLE_EMPTY', 'padBothSides: a clip must have at least one value, got none. Drop empty clips first.')
}
