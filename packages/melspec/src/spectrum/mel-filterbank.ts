import { MelspecError } from '../errors.js'
import { type MelScale, hertzToMel, melToHertz } from './mel-scale.js'

/** Options of `melFilterbank`: size of the transform, number, range and scale of the filters. */
export interface MelFilterbankOptions {
  /** Hz */
  readonly sampleRate: number
  /** Size of the Fourier transform in samples, at least 2. Default 2048. */
  readonly nFft?: number
  /** Number of filters, at least 1. Default 128. */
  readonly mels?: number
  /** Lower edge of the lowest filter in Hz, at least 0. Default 0. */
  readonly minHertz?: number
  /** Upper edge of the highest filter in Hz, at most sampleRate / 2. Default sampleRate / 2. */
  readonly maxHertz?: number
  /** Default `'slaney'`. */
  readonly scale?: MelScale
  /** `'slaney'` (default): each triangle has area 1 over Hz. `'none'`: each has height 1. */
  readonly norm?: 'slaney' | 'none'
}

/** Triangular filters, without their zeros: a full matrix would be 98 % zeros. */
export interface MelFilterbank {
  /** Number of filters (rows). */
  readonly mels: number
  /** Number of DFT bins (columns), 1 + ⌊nFft / 2⌋. */
  readonly bins: number
  /** `[mels]` first bin of each filter. */
  readonly firstBin: Int32Array
  /** `[mels + 1]` filter `m` has `weights[offsets[m]]` to `weights[offsets[m + 1] − 1]`; none if the triangle holds no bin. */
  readonly offsets: Int32Array
  /** All weights, filter after filter; 1/Hz with Slaney norm. */
  readonly weights: Float64Array
}

/**
 * The mel filterbank of `librosa.filters.mel`, sparse and in double precision.
 *
 * @throws `MELSPEC_OPTION` an option out of range
 * @see Slaney, Auditory Toolbox, 1998; the HTK Book, §5.4
 */
export function melFilterbank(options: MelFilterbankOptions): MelFilterbank {
  const { sampleRate, nFft = 2048, mels = 128, minHertz = 0, maxHertz = sampleRate / 2, scale = 'slaney', norm = 'slaney' } = options
  check(Number.isFinite(sampleRate) && sampleRate > 0, 'sampleRate must be above 0 Hz', sampleRate)
  check(Number.isInteger(nFft) && nFft >= 2, 'nFft must be an integer of at least 2', nFft)
  check(Number.isInteger(mels) && mels >= 1, 'mels must be an integer of at least 1', mels)
  check(minHertz >= 0, 'minHertz must be at least 0', minHertz)
  check(
    maxHertz <= sampleRate / 2,
    `maxHertz must be at most sampleRate / 2 (${sampleRate / 2} Hz at ${sampleRate} Hz)`,
    maxHertz,
    'Lower maxHertz.',
  )
  check(maxHertz > minHertz, `maxHertz must be above minHertz (${minHertz} Hz)`, maxHertz)
  check(scale === 'slaney' || scale === 'htk', "scale must be 'slaney' or 'htk'", scale)
  check(norm === 'slaney' || norm === 'none', "norm must be 'slaney' or 'none'", norm)

  const lowest = hertzToMel(minHertz, scale)
  const highest = hertzToMel(maxHertz, scale)
  const edges = Float64Array.from({ length: mels + 2 }, (_, i) => melToHertz(lowest + ((highest - lowest) * i) / (mels + 1), scale))
  // Not through the mel scale and back: librosa is left with a weight of 1e-17 in the Nyquist bin.
  edges[0] = minHertz
  edges[mels + 1] = maxHertz

  const bins = 1 + Math.floor(nFft / 2)
  const firstBin = new Int32Array(mels)
  const offsets = new Int32Array(mels + 1)
  const weights: number[] = []
  for (let m = 0; m < mels; m++) {
    const [low, peak, high] = edges.subarray(m, m + 3)
    const area = norm === 'slaney' ? 2 / (high - low) : 1
    let bin = Math.max(0, Math.floor((low * nFft) / sampleRate))
    while ((bin * sampleRate) / nFft <= low) bin++
    firstBin[m] = bin
    for (; bin < bins; bin++) {
      const hertz = (bin * sampleRate) / nFft
      const height = Math.min((hertz - low) / (peak - low), (high - hertz) / (high - peak))
      // An edge that falls on a bin leaves a rounding error here, not a weight.
      if (height < 1e-10) {
        if (hertz < peak) firstBin[m] = bin + 1
        else break
      } else weights.push(height * area)
    }
    offsets[m + 1] = weights.length
    if (offsets[m] === offsets[m + 1]) firstBin[m] = 0
  }
  return { mels, bins, firstBin, offsets, weights: Float64Array.from(weights) }
}

function check(ok: boolean, rule: string, value: unknown, way = ''): void {
  if (!ok) throw new MelspecError('MELSPEC_OPTION', `melFilterbank: ${rule}, got ${String(value)}.${way && ` ${way}`}`)
}
