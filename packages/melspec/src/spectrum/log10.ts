/** Steps of the mantissa table; the remainder r is below 2⁻⁸. */
const STEPS = 128

/** `[STEPS]` reciprocals of the middle of each step of [1, 2), and minus their log₁₀. */
const RECIPROCALS: Float64Array = /* @__PURE__ */ Float64Array.from({ length: STEPS }, (_, i) => STEPS / (STEPS + i + 0.5))
const LOGARITHMS: Float64Array = /* @__PURE__ */ Float64Array.from({ length: STEPS }, (_, i) => Math.log10((STEPS + i + 0.5) / STEPS))

const LOG10_2 = Math.log10(2)
const LOG10_E = Math.LOG10E

/**
 * log₁₀ of float32 values from their bits, some five times as fast as `Math.log10` and within 1e-12 of it: x = 2^exponent · (1 + r) / reciprocal, |r| < 2⁻⁸.
 *
 * @param bits the bits of a normal number above 0
 */
export function log10OfBits(bits: number): number {
  const step = (bits >>> 16) & (STEPS - 1)
  const r = (1 + (bits & 0x7f_ffff) / 0x80_0000) * RECIPROCALS[step] - 1
  const series = r * (1 - r * (1 / 2 - r * (1 / 3 - r * (1 / 4 - r * (1 / 5)))))
  return ((bits >>> 23) - 127) * LOG10_2 + LOGARITHMS[step] + LOG10_E * series
}
