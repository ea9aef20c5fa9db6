import { bootstrapInterval, compareSystems, lwlrap, MetricError, type Rng } from '@lwrap/metric'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Park and Miller's generator. */
const createRng = (seed: number): Rng => {
  let state = seed
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

/** One or two labels a clip; the right classes score higher by `skill`. */
function makeClips(clips: number, classes: number, skill: number, rng: Rng): { truth: number[][]; scores: number[][] } {
  const truth = Array.from({ length: clips }, () => {
    const positives = [Math.floor(rng() * classes), Math.floor(rng() * classes)]
    return Array.from({ length: classes }, (_, column) => (positives.includes(column) ? 1 : 0))
  })
  return { truth, scores: truth.map((row) => row.map((label) => rng() + skill * label)) }
}

describe('bootstrapInterval', () => {
  const { truth, scores } = makeClips(400, 10, 0.3, createRng(1))

  test('same stream, same interval; around the score; wider for a higher level', () => {
    const options = { rng: createRng(2), resamples: 500 }
    const interval = bootstrapInterval(truth, scores, options)
    expect(bootstrapInterval(truth, scores, { ...options, rng: createRng(2) })).toEqual(interval)
    const { overall } = lwlrap(truth, scores)
    expect(interval.overall).toBeCloseTo(overall, 12)
    expect(interval.low).toBeLessThan(overall)
    expect(interval.high).toBeGreaterThan(overall)
    const wide = bootstrapInterval(truth, scores, { ...options, rng: createRng(2), level: 0.99 })
    expect(wide.low).toBeLessThan(interval.low)
    expect(wide.high).toBeGreaterThan(interval.high)
    expect([interval.level, interval.resamples]).toEqual([0.95, 500])
  })

  test('the standard error is that of a ratio of sums', () => {
    // Linearised: Var(Σp / Σn) ≈ Σ (p − R n)² / (Σn)², with p from one-clip calls of lwlrap.
    const positives = truth.map((row) => row.reduce((sum, label) => sum + label, 0))
    const sums = truth.map((row, clip) => lwlrap([row], [scores[clip]]).overall * positives[clip])
    const ratio = sums.reduce((a, b) => a + b) / positives.reduce((a, b) => a + b)
    const squares = sums.reduce((total, sum, clip) => total + (sum - ratio * positives[clip]) ** 2, 0)
    const expected = Math.sqrt(squares) / positives.reduce((a, b) => a + b)
    const { standardError, low, high } = bootstrapInterval(truth, scores, { rng: createRng(3), resamples: 4000 })
    expect(Math.abs(standardError / expected - 1)).toBeLessThan(0.08)
    expect(Math.abs((high - low) / (2 * 1.96 * expected) - 1)).toBeLessThan(0.1)
  })

  test('about 95 of 100 intervals hold the true value', () => {
    const rng = createRng(4)
    const all = makeClips(20_000, 5, 0.3, rng)
    const target = lwlrap(all.truth, all.scores).overall
    let held = 0
    for (let i = 0; i < 200; i++) {
      const part = { truth: all.truth.slice(i * 100, (i + 1) * 100), scores: all.scores.slice(i * 100, (i + 1) * 100) }
      const { low, high } = bootstrapInterval(part.truth, part.scores, { rng, resamples: 200 })
      if (low <= target && target <= high) held++
    }
    expect(held).toBeGreaterThan(178) // 190 ± 3 standard deviations, and the percentile interval is a little short
    expect(held).toBeLessThan(200)
  })

  test('clips without labels change nothing', () => {
    const empty = [...truth, ...truth.map((row) => row.map(() => 0))]
    const more = bootstrapInterval(empty, [...scores, ...scores], { rng: createRng(2), resamples: 50 })
    expect(more).toEqual(bootstrapInterval(truth, scores, { rng: createRng(2), resamples: 50 }))
  })

  test('one clip, one resample', () => {
    expect(bootstrapInterval([[1, 0]], [[0, 1]], { rng: () => 0.999, resamples: 1 })).toEqual({
      overall: 0.5,
      low: 0.5,
      high: 0.5,
      standardError: 0,
      level: 0.95,
      resamples: 1,
    })
  })
})

describe('compareSystems', () => {
  const { truth, scores } = makeClips(300, 10, 0.3, createRng(5))
  const noise = createRng(6)
  const better = scores.map((row, clip) => row.map((score, column) => score + 0.1 * truth[clip][column]))
  const other = scores.map((row) => row.map((score) => score + 0.05 * noise()))

  test('a system against itself', () => {
    const result = compareSystems(truth, scores, scores, { rng: createRng(7), resamples: 100 })
    expect(result).toMatchObject({ difference: 0, low: 0, high: 0, standardError: 0, pValue: 1 })
  })

  test('a better system is found, one that is only different is not', () => {
    const found = compareSystems(truth, better, scores, { rng: createRng(7), resamples: 500 })
    expect(found.low).toBeGreaterThan(0)
    expect(found.pValue).toBe(1 / 501)
    expect(found.difference).toBeCloseTo(lwlrap(truth, better).overall - lwlrap(truth, scores).overall, 12)
    expect([found.overallA, found.overallB]).toEqual([
      expect.closeTo(lwlrap(truth, better).overall, 12),
      expect.closeTo(lwlrap(truth, scores).overall, 12),
    ])
    const same = compareSystems(truth, other, scores, { rng: createRng(7), resamples: 500 })
    expect(same.pValue).toBeGreaterThan(0.05)
    expect(same.low).toBeLessThan(0)
    expect(same.high).toBeGreaterThan(0)
  })

  test('exchanging A and B mirrors the result', () => {
    const ab = compareSystems(truth, other, scores, { rng: createRng(8), resamples: 101 })
    const ba = compareSystems(truth, scores, other, { rng: createRng(8), resamples: 101 })
    expect([ba.difference, ba.low, ba.high]).toEqual([-ab.difference, expect.closeTo(-ab.high, 12), expect.closeTo(-ab.low, 12)])
    expect(ba.pValue).toBe(ab.pValue)
  })

  test('without a difference, p is below 0.1 about one time in ten', () => {
    const rng = createRng(9)
    let low = 0
    for (let i = 0; i < 200; i++) {
      const { truth, scores } = makeClips(40, 6, 0.3, rng)
      const rival = scores.map((row) => row.map((score) => score + 0.3 * rng()))
      const first = scores.map((row) => row.map((score) => score + 0.3 * rng()))
      if (compareSystems(truth, first, rival, { rng, resamples: 99 }).pValue <= 0.1) low++
    }
    expect(low).toBeGreaterThan(7) // 20 ± 3 standard deviations
    expect(low).toBeLessThan(33)
  })
})

const half: Rng = () => 0.5

describe('failures', () => {
  const [truth, scores] = [[[1, 0]], [[1, 2]]]
  test.each([
    ['options.rng must be a function', {}],
    ['options.rng must return numbers in [0, 1), got 1', { rng: () => 1 }],
    ['options.rng must return numbers in [0, 1), got NaN', { rng: () => NaN }],
    ['options.resamples must be an integer of at least 1, got 0', { rng: half, resamples: 0 }],
    ['options.resamples must be an integer of at least 1, got 1.5', { rng: half, resamples: 1.5 }],
    ['options.level must be between 0 and 1, got 95', { rng: half, level: 95 }],
    ['options.ties must be "max" or "index"', { rng: half, ties: 'x' }],
  ])('%s', (message, options) => {
    const wrong = options as { rng: Rng }
    expect(() => bootstrapInterval(truth, scores, wrong)).toThrow(MetricError)
    expect(() => bootstrapInterval(truth, scores, wrong)).toThrow(`bootstrapInterval: ${message}`)
    expect(() => compareSystems(truth, scores, scores, wrong)).toThrow(`compareSystems: ${message}`)
  })

  test('no labels, other shapes', () => {
    expect(() => bootstrapInterval([[0, 0]], scores, { rng: half })).toThrow('at least one clip must have a positive label, got none')
    expect(() => compareSystems([[0, 0]], scores, scores, { rng: half })).toThrow('at least one clip must have a positive label, got none')
    expect(() => compareSystems(truth, scores, [[1, 2, 3]], { rng: half })).toThrow(
      'compareSystems (B): every row of scores must have 2 values',
    )
    expect(() => compareSystems(truth, [[NaN, 2]], scores, { rng: half })).toThrow(
      'compareSystems (A): scores must be finite numbers, got NaN',
    )
  })

  test('any uniform stream gives an ordered interval within [0, 1]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 2 }), fc.integer({ min: 1, max: 12 }), (seed, clips) => {
        const sample = makeClips(clips, 4, 0, createRng(seed))
        const { low, high, standardError } = bootstrapInterval(sample.truth, sample.scores, { rng: createRng(seed), resamples: 20 })
        expect(0 < low && low <= high && high <= 1 && standardError >= 0).toBe(true)
      }),
    )
  })
})
