import { confidentClips, drawMixMatch, hardPseudoLabels, mixMatch, rampUp, SslError, type MixMatchExamples } from '@audiotag/ssl'
import { expectClose, goldenWords } from '@audiotag/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const rngOf = (name: string): (() => number) => {
  const words = goldenWords(name, 100_000, 0)
  let i = 0
  return () => words[i++] / 2 ** 32
}
const examples = (count: number, name: string): MixMatchExamples => ({
  examples: count,
  inputs: Float32Array.from(goldenWords(`${name}/x`, count * 3, 1), (word) => word / 2 ** 32),
  targets: Float32Array.from(goldenWords(`${name}/y`, count * 2, 1), (word) => word / 2 ** 32),
})
const unit = fc.float({ min: 0, max: 1, noNaN: true })

describe('hard pseudo labels', () => {
  test('are 0 or 1, at most `top` a clip, never for a class below the threshold or below one left out', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 5, maxLength: 5 }),
        unit,
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        (values, threshold, top) => {
          const p = Float32Array.from(values)
          const labels = hardPseudoLabels(p, { classes: 5, threshold, ...(top !== undefined && { top }) })
          const chosen = [...labels.keys()].filter((c) => labels[c] === 1)
          const others = [...labels.keys()].filter((c) => labels[c] === 0)
          expect(chosen.length + others.length).toBe(5)
          expect(chosen.length).toBeLessThanOrEqual(top ?? 5)
          for (const c of chosen) expect(p[c]).toBeGreaterThanOrEqual(threshold)
          for (const c of others) if (p[c] >= threshold) for (const d of chosen) expect(p[d]).toBeGreaterThanOrEqual(p[c])
          expect(confidentClips(p, { classes: 5, threshold })).toEqual(chosen.length > 0 ? [0] : [])
        },
      ),
    )
  })

  test('of equal classes the lower one wins; without a threshold `top` labels every clip', () => {
    expect([...hardPseudoLabels(Float32Array.of(0.1, 0.3, 0.3, 0), { classes: 4, top: 1 })]).toEqual([0, 1, 0, 0])
    expect([...hardPseudoLabels(Float32Array.of(0.1, 0.3, 0.3, 0), { classes: 4 })]).toEqual([0, 0, 0, 0])
  })

  test.each([
    [() => hardPseudoLabels(Float32Array.of(1), { classes: 1, threshold: 2 }), 'threshold must be within 0 and 1, got 2'],
    [() => hardPseudoLabels(Float32Array.of(1), { classes: 1, top: 2 }), 'top must be a whole number of 1 to 1'],
    [() => hardPseudoLabels(Float32Array.of(-1), { classes: 1 }), 'got -1'],
    [() => confidentClips(Float32Array.of(1), { classes: 1, threshold: NaN }), 'got NaN'],
  ])('%s', (call, message) => {
    expect(call).toThrow(SslError)
    expect(call).toThrow(message)
  })
})

describe('ramps', () => {
  test('have the values of their formulas', () => {
    expectClose([0, 25, 50, 100, 200].map(rampUp({ steps: 100 })), [Math.exp(-5), Math.exp(-5 * 0.5625), Math.exp(-1.25), 1, 1], {
      absolute: 1e-12,
    })
    expectClose([0, 25, 100, 200].map(rampUp({ steps: 100, shape: 'linear', to: 8 })), [0, 2, 8, 8], { absolute: 1e-12 })
    expectClose([0, 25, 50, 100].map(rampUp({ steps: 100, shape: 'cosine' })), [0, (1 - Math.SQRT1_2) / 2, 0.5, 1], { absolute: 1e-12 })
    expect(rampUp({ steps: 0, to: 3 })(0)).toBe(3)
  })

  test('never fall and never pass their end', () => {
    fc.assert(
      fc.property(fc.constantFrom('sigmoid', 'linear', 'cosine'), fc.nat(1000), fc.nat(2000), fc.nat(2000), (shape, steps, a, b) => {
        const weight = rampUp({ steps, shape, to: 5 })
        expect(weight(Math.min(a, b))).toBeLessThanOrEqual(weight(Math.max(a, b)))
        expect(weight(a)).toBeGreaterThanOrEqual(0)
        expect(weight(a)).toBeLessThanOrEqual(5)
      }),
    )
  })

  test.each([
    [() => rampUp({ steps: -1 }), 'got -1'],
    [() => rampUp({ steps: NaN }), 'got NaN'],
    [() => rampUp({ steps: 1, to: Infinity }), 'got Infinity'],
    [() => rampUp({ steps: 1, shape: 'step' as 'linear' }), "got 'step'"],
    [() => rampUp({ steps: 1 })(NaN), 'step must be at least 0'],
  ])('%s', (call, message) => {
    expect(call).toThrow(SslError)
    expect(call).toThrow(message)
  })
})

describe('MixMatch', () => {
  test('partners are a permutation, shares are within 0.5 and 1, and a draw survives JSON', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), fc.constantFrom(0.1, 0.75, 1, 8), fc.string(), (labelled, unlabelled, alpha, name) => {
        const draw = drawMixMatch(rngOf(name), { labelled, unlabelled, alpha })
        expect(draw.partners.toSorted((a, b) => a - b)).toEqual(Array.from({ length: labelled + unlabelled }, (_, i) => i))
        expect(draw.shares.every((share) => share >= 0.5 && share <= 1)).toBe(true)
        expect(JSON.parse(JSON.stringify(draw))).toEqual(draw)
        const [a, b] = [examples(labelled, 'a'), examples(unlabelled, 'b')]
        expect(mixMatch(a, b, JSON.parse(JSON.stringify(draw)) as typeof draw)).toEqual(mixMatch(a, b, draw))
      }),
      { numRuns: 40 },
    )
  })

  test('mean share of Beta(0.75, 0.75) folded at one half', () => {
    const { shares } = drawMixMatch(rngOf('moments'), { labelled: 4000, unlabelled: 0 })
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length
    // E[max(λ, 1 − λ)] = 1/2 + E|λ − 1/2|, by quadrature of the density
    let [above, mass] = [0, 0]
    for (let i = 0; i < 200_000; i++) {
      const u = (i + 0.5) / 200_000
      const density = (u * (1 - u)) ** -0.25
      above += Math.abs(u - 0.5) * density
      mass += density
    }
    expect(Math.abs(mean - 0.5 - above / mass)).toBeLessThan(4 * (0.15 / Math.sqrt(4000)))
  })

  test('label mass is kept within its bounds, inputs stay untouched, and share 1 is the identity', () => {
    const [a, b] = [examples(3, 'a'), examples(5, 'b')]
    const before = structuredClone([a, b])
    const draw = drawMixMatch(rngOf('x'), { labelled: 3, unlabelled: 5 })
    const mixed = mixMatch(a, b, draw)
    expect([a, b]).toEqual(before)
    expect([mixed.labelled.targets.length, mixed.unlabelled.targets.length]).toEqual([6, 10])
    expect([...mixed.labelled.targets, ...mixed.unlabelled.targets].every((y) => y >= 0 && y <= 1)).toBe(true)
    const identity = mixMatch(a, b, { ...draw, shares: draw.shares.map(() => 1) })
    expect(identity).toEqual({ labelled: a, unlabelled: b })
  })

  test('a mixed example is share · own + (1 − share) · partner', () => {
    const [a, b] = [examples(1, 'a'), examples(1, 'b')]
    const mixed = mixMatch(a, b, { partners: [1, 0], shares: [0.6, 0.9] })
    expectClose(
      mixed.labelled.inputs,
      a.inputs.map((x, k) => 0.6 * x + 0.4 * b.inputs[k]),
      { absolute: 1e-6 },
    )
    expectClose(
      mixed.unlabelled.targets,
      b.targets.map((y, k) => 0.9 * y + 0.1 * a.targets[k]),
      { absolute: 1e-6 },
    )
  })

  test.each([
    [() => drawMixMatch(Math.random, { labelled: 1, unlabelled: 1, alpha: 0 }), 'alpha must be above 0'],
    [() => drawMixMatch(Math.random, { labelled: 1.5, unlabelled: 1 }), 'labelled must be a whole number'],
    [() => mixMatch(examples(1, 'a'), examples(1, 'b'), { partners: [0], shares: [1] }), 'the draw is for 1 examples, there are 2'],
    [
      () => mixMatch(examples(1, 'a'), { ...examples(1, 'b'), inputs: new Float32Array(4) }, { partners: [0, 1], shares: [1, 1] }),
      'inputs must be of one size, got 3 and 4',
    ],
    [
      () => mixMatch({ ...examples(2, 'a'), inputs: new Float32Array(5) }, examples(0, 'b'), { partners: [0, 1], shares: [1, 1] }),
      '5 numbers are no whole rows of 2 labelled inputs',
    ],
    [() => mixMatch(examples(1, 'a'), examples(1, 'b'), { partners: [7, 0], shares: [1, 1] }), 'partner'],
  ])('%s', (call, message) => {
    expect(call).toThrow(SslError)
    expect(call).toThrow(message)
  })
})
