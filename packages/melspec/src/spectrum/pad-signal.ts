import { MelspecError } from '../errors.js'
import type { PadMode } from './stft-options.js'

/** Index of the sample that stands at position `i` outside `[0, length)`, −1 for a zero; as `numpy.pad`. */
const SOURCE: Readonly<Record<PadMode, (i: number, length: number) => number>> = {
  constant: () => -1,
  edge: (i, length) => (i < 0 ? 0 : length - 1),
  wrap: (i, length) => modulo(i, length),
  reflect: (i, length) => {
    const at = modulo(i, Math.max(1, 2 * (length - 1)))
    return at < length ? at : 2 * (length - 1) - at
  },
  symmetric: (i, length) => {
    const at = modulo(i, 2 * length)
    return at < length ? at : 2 * length - 1 - at
  },
}

/** The clip with `pad` samples more on each side, `[pad + samples + pad]`. */
export function padSignal(samples: Float32Array, pad: number, mode: PadMode, name: string): Float32Array {
  if (!Object.hasOwn(SOURCE, mode))
    throw new MelspecError('MELSPEC_OPTION', `${name}: padMode must be ${Object.keys(SOURCE).join(', ')}, got ${JSON.stringify(mode)}.`)
  if (pad === 0) return samples
  const source = SOURCE[mode]
  const padded = new Float32Array(samples.length + 2 * pad)
  padded.set(samples, pad)
  const fill = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const at = source(i, samples.length)
      if (at >= 0) padded[pad + i] = samples[at]
    }
  }
  fill(-pad, 0)
  fill(samples.length, samples.length + pad)
  return padded
}

function modulo(i: number, period: number): number {
  return ((i % period) + period) % period
}
