import { submission1, submission2, WeightedAverage, type EnsembleVariant } from '@audiotag/ensemble'
import { describe, expect, test } from 'vitest'

const checkpoints = (members: readonly { model: number; fold: number; cycle: number }[], models: number[]): number =>
  new Set(members.filter(({ model }) => models.includes(model)).map(({ model, fold, cycle }) => `${model}/${fold}/${cycle}`)).size

describe.each([
  [submission1, 170, 55, 30],
  [submission2, 95, 60, 35],
] as const)('%o', (submission, predictions, resnets, envnets) => {
  test('counts', () => {
    const { members, models, folds } = submission()
    expect(members).toHaveLength(predictions)
    expect(new Set(members.map(({ model, fold, cycle, pad }) => `${model}/${fold}/${cycle}/${pad}`)).size).toBe(predictions)
    expect(checkpoints(members, [1, 2, 3])).toBe(resnets)
    expect(checkpoints(members, [4, 5, 6])).toBe(envnets)
    expect(models.reduce((sum, { cycles, pads }) => sum + cycles.length * pads.length * folds, 0)).toBe(predictions)
  })

  test.each<[EnsembleVariant, number[]]>([
    ['default', [3, 4, 3, 1, 1, 1]],
    ['paper', [3, 4, 3, 1, 1, 1]],
    ['referenceCode', [4, 3, 3, 1, 1, 1]],
  ])('weights of %s, and each model gets its share of 13', (variant, weights) => {
    const { models, members } = submission(variant)
    expect(models.map(({ weight }) => weight)).toEqual(weights)
    const average = new WeightedAverage()
    // Predictions that name their model: the mean is Σ weight · model / 13.
    for (const { model, weight } of members) average.add([model], weight)
    const expected = weights.reduce((sum, weight, m) => sum + weight * (m + 1), 0) / 13
    expect(average.result().predictions[0]).toBeCloseTo(expected, 6)
    expect(average.result().totalWeight).toBeCloseTo(13, 12)
  })
})

const listed = (list: ReturnType<typeof submission1>): unknown[] => list.models.map(({ model, cycles, pads }) => [model, cycles, pads])

test('cycles and pads of the paper', () => {
  expect(listed(submission1())).toEqual([
    [1, [2, 4, 7, 8], [8, 64]],
    [2, [1, 2, 6, 7], [8, 64]],
    [3, [2, 4, 6], [8, 64]],
    [4, [2, 3], [0, 32_000]],
    [5, [3, 5], [8000, 32_000]],
    [6, [7, 9], [8000, 32_000]],
  ])
  expect(listed(submission2())).toEqual([
    [1, [2, 4, 7, 8], [8]],
    [2, [1, 2, 4, 6, 7], [8]],
    [3, [2, 4, 6], [8]],
    [4, [2, 3], [8000]],
    [5, [3, 5], [8000]],
    [6, [6, 7, 9], [8000]],
  ])
})
