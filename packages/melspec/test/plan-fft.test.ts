import { MelspecError, planFft } from '@audiotag/melspec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const noise = (length: number, seed: number): Float64Array => {
  let state = seed * 2 + 1
  return Float64Array.from({ length }, () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647 - 0.5
  })
}

const naive = (input: Float64Array): Float64Array => {
  const size = input.length / 2
  const cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size))
  const sines = Float64Array.from({ length: size }, (_, i) => -Math.sin((2 * Math.PI * i) / size))
  const output = new Float64Array(2 * size)
  for (let k = 0; k < size; k++) {
    for (let n = 0; n < size; n++) {
      const turn = (k * n) % size
      output[2 * k] += input[2 * n] * cosines[turn] - input[2 * n + 1] * sines[turn]
      output[2 * k + 1] += input[2 * n] * sines[turn] + input[2 * n + 1] * cosines[turn]
    }
  }
  return output
}

const transform = (input: Float64Array): Float64Array => {
  const output = new Float64Array(input.length)
  planFft(input.length / 2).transform(input, output)
  return output
}

/** Largest difference over the largest value. */
const relativeError = (actual: Float64Array, expected: Float64Array): number => {
  let worst = 0
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]))
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  return worst / largest
}

const energy = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0)

describe('planFft', () => {
  test('every size from 1 to 300, and 1280 and 2560, equal the naive transform', () => {
    for (const size of [...Array.from({ length: 300 }, (_, i) => i + 1), 640, 1280, 2560]) {
      const input = noise(2 * size, size)
      const before = input.slice()
      expect([size, relativeError(transform(input), naive(input)) < 1e-13]).toEqual([size, true])
      expect(input).toEqual(before)
    }
  })

  test('kinds', () => {
    expect([1, 2, 4, 4096].map((size) => planFft(size).kind)).toEqual(Array(4).fill('power-of-two'))
    expect([10, 20, 320, 1280, 2560, 5120].map((size) => planFft(size).kind)).toEqual(Array(6).fill('five-times-power-of-two'))
    expect([3, 5, 6, 25, 400, 441, 1000].map((size) => planFft(size).kind)).toEqual(Array(7).fill('bluestein'))
  })

  test('Parseval, and a shift turns the phase only, at any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(10 ** 6), (size, seed) => {
        const input = noise(2 * size, seed)
        const output = transform(input)
        expect(energy(output) / (size * energy(input))).toBeCloseTo(1, 12)
        const shift = seed % size
        const shifted = transform(Float64Array.from(input, (_, i) => input[(i + 2 * shift) % (2 * size)]))
        const largest = Math.sqrt(Math.max(...output.map((value) => value * value)))
        for (let k = 0; k < size; k++) {
          const difference = Math.hypot(shifted[2 * k], shifted[2 * k + 1]) - Math.hypot(output[2 * k], output[2 * k + 1])
          expect(Math.abs(difference)).toBeLessThan(largest * 1e-11)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a plan can be used again, and two plans of one size together', () => {
    const plans = [planFft(400), planFft(400), planFft(2560)]
    for (let round = 0; round < 3; round++) {
      for (const plan of plans) {
        const input = noise(2 * plan.size, round)
        const output = new Float64Array(2 * plan.size).fill(7)
        plan.transform(input, output)
        expect(relativeError(output, naive(input))).toBeLessThan(1e-13)
      }
    }
  })

  test('refuses sizes and arrays that do not fit', () => {
    for (const size of [0, -2, 2.5, NaN, 2 ** 25])
      expect(() => planFft(size)).toThrow(`planFft: size must be an integer from 1 to 16777216, got ${size}.`)
    const array = new Float64Array(6)
    expect(() => planFft(3).transform(array, array)).toThrow('got 6 and 6, the same array.')
    expect(() => planFft(3).transform(array, new Float64Array(7))).toThrow(MelspecError)
  })
})
