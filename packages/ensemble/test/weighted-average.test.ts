import { WeightedAverage, type MeanKind } from '@audiotag/ensemble'
import { expectClose } from '@audiotag/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

interface Case {
  readonly predictions: Float32Array
  readonly weight: number
}
const probability = fc.float({ min: Math.fround(1e-6), max: 1, noNaN: true })
const cases: fc.Arbitrary<Case[]> = fc.integer({ min: 1, max: 6 }).chain((length) =>
  fc.array(
    fc.record({
      predictions: fc.array(probability, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values)),
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
)
const kinds: MeanKind[] = ['arithmetic', 'geometric']

function averageOf(list: readonly Case[], mean: MeanKind, scale: number = 1): WeightedAverage {
  const average = new WeightedAverage({ mean })
  for (const { predictions, weight } of list) average.add(predictions, weight * scale)
  return average
}
const predictionsOf = (list: readonly Case[], mean: MeanKind, scale?: number): Float32Array =>
  averageOf(list, mean, scale).result().predictions

describe.each(kinds)('%s', (mean) => {
  test('weights are scale-free', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (list, scale) => {
        expectClose(predictionsOf(list, mean, scale), predictionsOf(list, mean), { relative: 1e-6 })
        // A power of two changes no bit.
        expect(predictionsOf(list, mean, 8)).toEqual(predictionsOf(list, mean))
      }),
    )
  })

  test('between the smallest and the largest', () => {
    // exp(log p) may miss p by a rounding.
    const slack = mean === 'geometric' ? 1e-6 : 0
    fc.assert(
      fc.property(cases, (list) => {
        predictionsOf(list, mean).forEach((value, i) => {
          const column = list.map(({ predictions }) => predictions[i])
          expect(value).toBeGreaterThanOrEqual(Math.min(...column) * (1 - slack))
          expect(value).toBeLessThanOrEqual(Math.max(...column) * (1 + slack))
        })
      }),
    )
  })

  test('in any order, and merged from any split', () => {
    fc.assert(
      fc.property(cases, fc.nat(8), (list, cut) => {
        const expected = predictionsOf(list, mean)
        expectClose(predictionsOf(list.toReversed(), mean), expected, { relative: 1e-6 })
        const merged = averageOf(list.slice(0, cut), mean)
        merged.merge(averageOf(list.slice(cut), mean))
        expectClose(merged.result().predictions, expected, { relative: 1e-6 })
        expect(merged.result().members).toHaveLength(list.length)
      }),
    )
  })

  test('equals the formula', () => {
    fc.assert(
      fc.property(cases, (list) => {
        const total = list.reduce((sum, { weight }) => sum + weight, 0)
        const expected = Array.from(list[0].predictions, (_, i) => {
          const mapped = list.map(
            ({ predictions, weight }) => (weight / total) * (mean === 'geometric' ? Math.log(predictions[i]) : predictions[i]),
          )
          const sum = mapped.reduce((a, b) => a + b, 0)
          return mean === 'geometric' ? Math.exp(sum) : sum
        })
        expectClose(predictionsOf(list, mean), expected, { relative: 1e-6 })
      }),
    )
  })

  test('one member alone is itself', () => {
    const values = Float32Array.of(0, 0.25, 1)
    expect(predictionsOf([{ predictions: values, weight: 3 }], mean)).toEqual(values)
  })
})

test('members say where the average came from', () => {
  const average = new WeightedAverage()
  average.add([1, 0], 3, { model: 'A', fold: 1 })
  average.add([0, 1], 1)
  average.add([9, 9], 0, { model: 'dropped' })
  const { predictions, totalWeight, members } = average.result()
  expect([...predictions]).toEqual([0.75, 0.25])
  expect(totalWeight).toBe(4)
  expect(members).toEqual([
    { weight: 3, share: 0.75, about: { model: 'A', fold: 1 } },
    { weight: 1, share: 0.25, about: null },
    { weight: 0, share: 0, about: { model: 'dropped' } },
  ])
})

test('nothing of a prediction is kept, results are not live', () => {
  const average = new WeightedAverage()
  const values = Float32Array.of(0.5)
  average.add(values)
  values[0] = 9
  const first = average.result()
  average.add([0.25])
  expect(first.predictions[0]).toBe(0.5)
  expect(first.members).toHaveLength(1)
  expect(average.result().predictions[0]).toBe(0.375)
})

test('merging with itself or with an empty average', () => {
  const average = new WeightedAverage()
  average.add([0.5, 1])
  average.merge(average)
  average.merge(new WeightedAverage())
  expect([...average.result().predictions]).toEqual([0.5, 1])
  expect(average.result().members).toHaveLength(2)
  const empty = new WeightedAverage()
  empty.merge(average)
  average.add([0, 0])
  expect([...empty.result().predictions]).toEqual([0.5, 1])
})

test('a refused prediction leaves the average as it was', () => {
  const average = new WeightedAverage()
  average.add([0.5, 0.5])
  expect(() => average.add([0.1, Number.NaN])).toThrow('got NaN at 1')
  expect(() => average.add([0.1])).toThrow('every prediction must have 2 values, got 1')
  expect(average.result()).toMatchObject({ totalWeight: 1, members: [{}] })
  expect([...average.result().predictions]).toEqual([0.5, 0.5])
})
