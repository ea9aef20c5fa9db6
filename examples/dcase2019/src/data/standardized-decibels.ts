import { DataError } from './data-error.js'

const tableBits = 9
const lowBits = 23 - tableBits
const lowMask = (1 << lowBits) - 1
const half = 1 << (lowBits - 1)
const infinityBits = 0x7f800000
const decibelsPerNeper = 10 / Math.LN10
const decibelsPerOctave = 10 * Math.log10(2)

/** For every top part of a mantissa: 2^-23 / its middle, and the decibels of its middle. */
const scales = new Float64Array(1 << tableBits)
const decibels = new Float64Array(1 << tableBits)
for (let i = 0; i < scales.length; i++) {
  const middle = 1 + (i + 0.5) / scales.length
  scales[i] = 2 ** -23 / middle
  decibels[i] = 10 * Math.log10(middle)
}

/**
 * `standardize(powerToDb(x))` of melspec in one go: decibels (reference 1, at least 1e-10, at most `topDb` below the largest value), then
 * mean 0 and standard deviation 1, written to `target[offset …]`. Within 2e-6 of the two functions and 2.5 times as fast, because the
 * logarithm, which is the cost, is taken from the bits of the float: exponent + table of 512 + cubic, 1e-11 dB from `Math.log10`.
 *
 * @param power one example, `[bins · frames]`
 * @throws DataError `features` for NaN, infinite or negative power
 */
export function standardizedDecibels(power: Float32Array, target: Float32Array, offset: number, topDb = 80): void {
  const { length } = power
  const bits = new Int32Array(power.buffer, power.byteOffset, length)
  // Bits of floats that are not negative are in the order of the floats.
  let largestBits = 0
  let signs = 0
  for (let i = 0; i < length; i++) {
    if (bits[i] > largestBits) largestBits = bits[i]
    signs |= bits[i]
  }
  if (largestBits >= infinityBits || (signs < 0 && power.some((value) => !(value >= 0)))) {
    const at = power.findIndex((value) => !(value >= 0 && value < Infinity))
    throw new DataError(
      'features',
      `standardizedDecibels: power must be finite and at least 0, got ${power[at]} at ${at}. Prepare the features again.`,
    )
  }
  const largest = floatOf(largestBits)
  const floorPower = Math.max(1e-10, largest * 10 ** (-topDb / 10))
  const floorBits = bitsOf(floorPower)
  const floor = 10 * Math.log10(floorPower)
  // Sums over the height above the floor: small numbers, so nothing cancels.
  let sum = 0
  let squares = 0
  for (let i = 0; i < length; i++) {
    const b = bits[i]
    let height = 0
    if (b > floorBits) {
      const index = (b >> lowBits) & (scales.length - 1)
      const f = ((b & lowMask) - half) * scales[index]
      height = ((b >> 23) - 127) * decibelsPerOctave + decibels[index] + f * (1 - f * (0.5 - f * (1 / 3))) * decibelsPerNeper - floor
    }
    target[offset + i] = height
    sum += height
    squares += height * height
  }
  const mean = sum / length
  const factor = 1 / (Math.sqrt(Math.max(0, squares / length - mean * mean)) + 1e-7)
  for (let i = offset; i < offset + length; i++) target[i] = (target[i] - mean) * factor
}

const oneFloat = new Float32Array(1)
const oneInt = new Int32Array(oneFloat.buffer)

function floatOf(bits: number): number {
  oneInt[0] = bits
  return oneFloat[0]
}

function bitsOf(value: number): number {
  oneFloat[0] = value
  return oneInt[0]
}
