import { checkNumber } from './check.js'

/**
 * The A-curve: how much softer (or louder) a tone sounds than one of 1 kHz, dB.
 *
 * @param hertz frequency, ≥ 0
 * @param minDecibels nothing below this is returned; the curve is −∞ at 0 Hz
 * @throws `AUGMENT_RANGE` for a negative frequency
 * @see IEC 61672-1
 * @example
 * import { aWeighting } from '@audiotag/augment'
 * aWeighting(100).toFixed(1) // => '-19.1'
 */
export function aWeighting(hertz: number, minDecibels = -80): number {
  checkNumber('aWeighting', 'hertz', hertz, 0)
  const f2 = hertz ** 2
  const [p1, p2, p3, p4] = [20.598997 ** 2, 107.65265 ** 2, 737.86223 ** 2, 12194.217 ** 2]
  const response = (p4 * f2 ** 2) / ((f2 + p1) * Math.sqrt((f2 + p2) * (f2 + p3)) * (f2 + p4))
  return Math.max(minDecibels, 20 * Math.log10(response) + 2)
}
