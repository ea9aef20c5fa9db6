import { MelspecError } from '../errors.js'

/** The windows known by name; a window can also be given as an array. */
export type WindowName = 'hann' | 'hamming' | 'blackman' | 'rectangular'

/** Cosine coefficients: w[n] = Σ_k (−1)^k a_k cos(2π k n / length). */
const COEFFICIENTS: Readonly<Record<WindowName, readonly number[]>> = {
  hann: [0.5, 0.5],
  hamming: [0.54, 0.46],
  blackman: [0.42, 0.5, 0.08],
  rectangular: [1],
}

/**
 * A periodic window, as `scipy.signal.get_window(name, length)`.
 *
 * @param length samples, at least 1
 * @returns `[length]`, 0 to 1
 * @throws `MELSPEC_OPTION` an unknown name or a length below 1
 * @example
 * import { makeWindow } from '@audiotag/melspec'
 * makeWindow('hann', 4) // => ≈ [0.000, 0.500, 1.000, 0.500]
 */
export function makeWindow(name: WindowName, length: number): Float64Array {
  if (!Object.hasOwn(COEFFICIENTS, name)) {
    throw new MelspecError(
      'MELSPEC_OPTION',
      `makeWindow: window must be ${Object.keys(COEFFICIENTS).join(', ')}, or an array, got ${JSON.stringify(name)}.`,
    )
  }
  if (!Number.isInteger(length) || length < 1)
    throw new MelspecError('MELSPEC_OPTION', `makeWindow: length must be an integer of at least 1, got ${length}.`)
  const coefficients = COEFFICIENTS[name]
  const window = new Float64Array(length)
  if (length === 1) return window.fill(1)
  for (let n = 0; n < length; n++) {
    // Mirrored, so that the window is symmetric to the last bit.
    const angle = (2 * Math.PI * Math.min(n, length - n)) / length
    for (let k = 0; k < coefficients.length; k++) window[n] += (k % 2 ? -1 : 1) * coefficients[k] * Math.cos(k * angle)
  }
  return window
}
