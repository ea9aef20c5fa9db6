import { createRng } from '@audiotag/augment'
import { compareSystems } from '@lwrap/metric'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairedInterval } from '../src/stages/paired-interval.js'

const options = (seed: number) => ({ rng: createRng(seed), resamples: 2000, level: 0.95 })
const uniform = (rng: () => number, clips: number, shift = 0) => ({
  precisions: Array.from({ length: clips }, () => rng() + shift),
  positives: Array.from({ length: clips }, () => 1),
})

describe('pairedInterval', () => {
  it('of a system and itself is nothing', () => {
    const one = [uniform(createRng(1), 9), uniform(createRng(2), 9)]
    expect(pairedInterval(one, one, options(3))).toEqual({ difference: 0, low: 0, high: 0, bySeed: [0, 0] })
  })

  it('changes sign when the systems change places', () => {
    const [a, b] = [1, 2].map((seed) => [uniform(createRng(seed), 40), uniform(createRng(seed + 10), 40)])
    const there = pairedInterval(a, b, options(3))
    const back = pairedInterval(b, a, options(3))
    expect(back.difference).toBeCloseTo(-there.difference, 12)
    expect(back.low).toBeCloseTo(-there.high, 12)
    expect(back.high).toBeCloseTo(-there.low, 12)
  })

  it('with one seed is the paired bootstrap over clips of @lwrap/metric', () => {
    const rng = createRng(5)
    const clips = 120
    const classes = 4
    const truth = Array.from({ length: clips }, (_, clip) =>
      Array.from({ length: classes }, (__, c) => Number(c === clip % classes || rng() < 0.2)),
    )
    const scores = (skill: number) => truth.map((row) => row.map((label) => rng() + skill * label))
    const [x, y] = [scores(0.6), scores(0.4)]
    const metric = compareSystems(truth, x, y, { classes, rng: createRng(6) })
    const sums = (s: number[][]) => {
      const positives = truth.map((row) => row.filter((label) => label === 1).length)
      // Precision at each positive label by its definition.
      const precisions = s.map((row, clip) =>
        row.reduce((sum, score, c) => {
          if (truth[clip][c] === 0) return sum
          const above = row.map((other, k) => [other, truth[clip][k]]).filter(([other]) => other >= score)
          return sum + above.filter(([, label]) => label === 1).length / above.length
        }, 0),
      )
      return [{ precisions, positives }]
    }
    const ours = pairedInterval(sums(x), sums(y), options(7))
    expect(ours.difference).toBeCloseTo(metric.difference, 10)
    // Two bootstraps of 2,000 and 1,000 or more resamples: ends within a tenth of the width.
    const width = metric.high - metric.low
    expect(Math.abs(ours.low - metric.low)).toBeLessThan(width / 10)
    expect(Math.abs(ours.high - metric.high)).toBeLessThan(width / 10)
  })

  it('is wider where seeds disagree', () => {
    const base = [1, 2, 3].map((seed) => uniform(createRng(seed), 200))
    const moved = (by: readonly number[]) =>
      base.map(({ precisions, positives }, i) => ({ precisions: precisions.map((p) => p + by[i]), positives }))
    const agree = pairedInterval(moved([0.1, 0.1, 0.1]), base, options(1))
    const disagree = pairedInterval(moved([-0.1, 0.1, 0.3]), base, options(1))
    expect(agree.difference).toBeCloseTo(0.1, 10)
    expect(agree.high - agree.low).toBeLessThan(1e-9)
    expect(disagree.difference).toBeCloseTo(0.1, 10)
    expect(disagree.low).toBeLessThan(-0.05)
    expect(disagree.high).toBeGreaterThan(0.25)
  })

  it('holds low ≤ high, and the mean of the seeds’ differences', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }), fc.integer(), (seeds, clips, seed) => {
        const rng = createRng(seed)
        const [a, b] = [0, 1].map(() => Array.from({ length: seeds }, () => uniform(rng, clips)))
        const { difference, low, high, bySeed } = pairedInterval(a, b, { rng, resamples: 50, level: 0.9 })
        expect(low).toBeLessThanOrEqual(high)
        expect(bySeed).toHaveLength(seeds)
        expect(difference).toBeCloseTo(bySeed.reduce((sum, value) => sum + value, 0) / seeds, 10)
      }),
    )
  })

  it.each([
    ['no seeds', [], []],
    ['other seeds', [uniform(createRng(1), 3)], []],
    ['other clips', [uniform(createRng(1), 3)], [uniform(createRng(1), 4)]],
    ['no clips', [uniform(createRng(1), 0)], [uniform(createRng(1), 0)]],
  ])('refuses %s', (_, a, b) => {
    expect(() => pairedInterval(a, b, options(1))).toThrow(/^pairedInterval: both systems must have the same seeds and clips, got/u)
  })
})
