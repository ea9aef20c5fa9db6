import { createRng, drawBeta, drawGamma, restoreRng } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { moments, throughJson } from './arbitraries.js'

const take = (rng: () => number, count: number): number[] => Array.from({ length: count }, () => rng())

describe('createRng', () => {
  test('seed 42 begins as it always did: a change here is a major version', () => {
    expect(take(createRng(42), 4)).toEqual([0.17998398297428453, 0.13323768262441893, 0.4865446565319014, 0.008356121663845473])
    expect(take(createRng(42).fork('clip-17'), 2)).toEqual([0.073869498608923, 0.44774667260585865])
    expect(createRng(42).state()).toEqual({
      key: [1647202879, -972074866, -1690045515, -358023894],
      state: [1647202879, -972074866, -1690045515, -358023894],
    })
  })

  test('the same seed gives the same numbers, a number and its string are the same seed, others differ', () => {
    expect(take(createRng('fold-1'), 5)).toEqual(take(createRng('fold-1'), 5))
    expect(take(createRng(7), 5)).toEqual(take(createRng('7'), 5))
    expect(take(createRng(-1.5), 5)).toEqual(take(createRng('-1.5'), 5))
    expect(take(createRng(7), 5)).not.toEqual(take(createRng(8), 5))
  })

  test('numbers are in [0, 1), with mean 1/2 and variance 1/12', () => {
    const rng = createRng('uniform')
    let [least, most] = [1, 0]
    const { mean, variance } = moments(1e5, () => {
      const u = rng()
      least = Math.min(least, u)
      most = Math.max(most, u)
      return u
    })
    expect(least).toBeGreaterThanOrEqual(0)
    expect(most).toBeLessThan(1)
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12e5))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.0015)
  })

  test('a fork depends on the names above it, not on what was drawn or forked before', () => {
    const busy = createRng('root')
    take(busy, 100)
    busy.fork('b')()
    const late = busy.fork('a')
    expect(take(late, 8)).toEqual(take(createRng('root').fork('a'), 8))
    expect(take(createRng('root').fork(12), 3)).toEqual(take(createRng('root').fork('12'), 3))
  })

  test('forking draws nothing from the parent', () => {
    const rng = createRng(1)
    rng.fork('x')
    expect(take(rng, 3)).toEqual(take(createRng(1), 3))
  })

  test('names are not glued together: a/bc, ab/c and abc are three streams', () => {
    const root = createRng(0)
    const firsts = [root.fork('a').fork('bc'), root.fork('ab').fork('c'), root.fork('abc'), root.fork('abc\0'), root.fork(''), root].map(
      (rng) => rng(),
    )
    expect(new Set(firsts).size).toBe(firsts.length)
  })

  test('200 000 neighbouring labels: no two streams alike, no correlation between neighbours', () => {
    const root = createRng(2019)
    const firsts = Float64Array.from({ length: 200_000 }, (_, i) => root.fork(`epoch-${i % 10}`).fork(i)())
    expect(new Set(firsts).size).toBe(firsts.length)
    let product = 0
    for (let i = 1; i < firsts.length; i++) product += (firsts[i] - 0.5) * (firsts[i - 1] - 0.5)
    expect(Math.abs((12 * product) / firsts.length)).toBeLessThan(5 / Math.sqrt(firsts.length))
  })

  test('restoreRng goes on where state() was called, forks included', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(50), (seed, drawn) => {
        const rng = createRng(seed)
        take(rng, drawn)
        const restored = restoreRng(throughJson(rng.state()))
        expect(take(restored, 5)).toEqual(take(rng, 5))
        expect(restored.fork('x')()).toBe(createRng(seed).fork('x')())
      }),
    )
  })
})

describe('drawBeta and drawGamma', () => {
  const count = 40_000
  test.each([
    [1, 1],
    [0.2, 0.2],
    [0.4, 0.4],
    [2, 5],
    [0.01, 0.01],
  ])('Beta(%d, %d) has its mean and variance', (alpha, beta) => {
    const rng = createRng(`beta ${alpha} ${beta}`)
    const { mean, variance } = moments(count, () => drawBeta(rng, alpha, beta))
    const expected = (alpha * beta) / ((alpha + beta) ** 2 * (alpha + beta + 1))
    expect(Math.abs(mean - alpha / (alpha + beta))).toBeLessThan(5 * Math.sqrt(expected / count))
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.04)
  })

  test.each([
    [0.5, 2],
    [1, 3],
    [4, 0.5],
  ])('Gamma(%d, %d) has its mean and variance', (shape, scale) => {
    const rng = createRng(`gamma ${shape} ${scale}`)
    const { mean, variance } = moments(count, () => drawGamma(rng, shape, scale))
    expect(Math.abs(mean - shape * scale)).toBeLessThan(5 * scale * Math.sqrt(shape / count))
    expect(Math.abs(variance / (shape * scale ** 2) - 1)).toBeLessThan(0.08)
  })
})
