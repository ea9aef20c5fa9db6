import { groupByLength, submission1, submission2, type LengthGroup } from '@audiotag/ensemble'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const sizes = (groups: readonly LengthGroup[]): number[] => groups.map(({ indices }) => indices.length)
const lengthsOf = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 })

describe('by hand', () => {
  const lengths = [100, 100, 104, 110, 111, 130]

  test('patience 0.10 makes five and one', () => {
    const { groups, patience } = groupByLength(lengths, { minPatience: 0.1 })
    expect(sizes(groups)).toEqual([5, 1])
    expect(groups.map(({ length }) => length)).toEqual([111, 130])
    expect(patience).toBe(0.1)
  })

  test('without a limit only equal lengths share a group', () => {
    expect(sizes(groupByLength(lengths).groups)).toEqual([2, 1, 1, 1, 1])
  })

  test('the search stops at the first patience that is enough', () => {
    // 104 needs ⌊104ρ⌋ ≥ 4, ρ = .04; 110 needs .10 (10 samples), and 111 then joins it: ⌊11.1⌋ ≥ 11.
    expect(groupByLength(lengths, { maxGroups: 2 })).toMatchObject({ patience: 0.1 })
    expect(groupByLength(lengths, { maxGroups: 4 }).patience).toBeLessThan(0.1)
  })

  test('a step that does not help is not kept, and the search ends at maxPatience', () => {
    expect(groupByLength([100, 1000], { maxGroups: 1 })).toMatchObject({ patience: 0 })
    // ρ = .20 is still tried: ⌊125 · .2⌋ = 25.
    expect(groupByLength([100, 125], { maxGroups: 1 })).toMatchObject({ patience: 0.2 })
    expect(groupByLength([100, 125], { maxGroups: 1, maxPatience: 0.19 }).groups).toHaveLength(2)
  })

  test('clips and total length bound a group', () => {
    expect(sizes(groupByLength([5, 5, 5, 5, 5], { maxClips: 2 }).groups)).toEqual([2, 2, 1])
    expect(sizes(groupByLength([5, 5, 5, 5, 5], { extraLength: 5, maxTotalLength: 30 }).groups)).toEqual([3, 2])
    expect(sizes(groupByLength([50, 50], { extraLength: 0, maxTotalLength: 10 }).groups)).toEqual([1, 1])
    // The authors' numbers: a 31.7 s clip plus padding, 13 to a batch.
    expect(sizes(groupByLength(Array(14).fill(1_400_000)).groups)).toEqual([13, 1])
  })

  test('no clips, no groups', () => expect(groupByLength([]).groups).toEqual([]))

  test('limits of the submissions', () => {
    expect([1120, 3361].map(submission1().maxGroups)).toEqual([80, 121])
    expect([1120, 3361].map(submission2().maxGroups)).toEqual([87, 162])
  })
})

describe('always', () => {
  test('every clip is in one group, sorted by length then place, and the rule of patience holds', () => {
    fc.assert(
      fc.property(lengthsOf, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 }), (lengths, maxGroups, maxClips) => {
        const { groups, patience } = groupByLength(lengths, { maxGroups, maxClips })
        const order = groups.flatMap(({ indices }) => indices)
        expect(order).toEqual([...lengths.keys()].sort((a, b) => lengths[a] - lengths[b] || a - b))
        expect(patience).toBeLessThanOrEqual(0.2)
        for (const { indices, length } of groups) {
          expect(indices.length).toBeLessThanOrEqual(maxClips)
          expect(length).toBe(Math.max(...indices.map((i) => lengths[i])))
          expect(lengths[indices[0]]).toBeGreaterThanOrEqual(length - Math.floor(length * patience + 1e-9))
        }
      }),
    )
  })

  test('more patience never makes more groups than none, and order of clips does not change the sizes', () => {
    fc.assert(
      fc.property(lengthsOf, fc.integer({ min: 1, max: 20 }), (lengths, maxGroups) => {
        const { groups } = groupByLength(lengths, { maxGroups })
        expect(groups.length).toBeLessThanOrEqual(new Set(lengths).size)
        const reversed = groupByLength(lengths.toReversed(), { maxGroups })
        expect(sizes(reversed.groups)).toEqual(sizes(groups))
      }),
    )
  })

  test('with the total length to itself at most', () => {
    fc.assert(
      fc.property(lengthsOf, fc.integer({ min: 1, max: 2000 }), (lengths, maxTotalLength) => {
        for (const { indices, length } of groupByLength(lengths, { maxGroups: 1, maxTotalLength, extraLength: 3 }).groups) {
          expect(indices.length === 1 || (length + 3) * indices.length <= maxTotalLength).toBe(true)
        }
      }),
    )
  })
})
