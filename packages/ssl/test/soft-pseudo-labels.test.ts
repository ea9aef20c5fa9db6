import { averagePredictions, dcase2019PseudoLabels, selectLabellers, sharpen, softPseudoLabels, SslError } from '@audiotag/ssl'
import { expectClose } from '@audiotag/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const rows = (classes: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }), { minLength: 1, maxLength: 6 })
    .map((values) => Float32Array.from(values.flat()))
    .filter((p) => {
      for (let start = 0; start < p.length; start += classes) if (p.subarray(start, start + classes).every((x) => x === 0)) return false
      return true
    })
const powers = fc.double({ min: 1, max: 50, noNaN: true })

describe('sharpen', () => {
  test('the two clips of the trap: two sure classes, and one that is unsure of all', () => {
    expectClose(sharpen(Float32Array.of(0.9, 0.85, 0.05), { classes: 3 }), [0.81 / 1.535, 0.7225 / 1.535, 0.0025 / 1.535], {
      absolute: 1e-6,
    })
    expectClose(sharpen(Float32Array.of(0.05, 0.04, 0.01), { classes: 3 }).slice(0, 1), [0.595], { absolute: 1e-3 })
    expectClose(sharpen(Float32Array.of(0.9, 0.85, 0.05), { classes: 3, normalize: 'bernoulli' }), [0.987_805, 0.969_799, 0.002_762], {
      absolute: 1e-5,
    })
    expectClose(sharpen(Float32Array.of(0.9, 0.5), { classes: 2, normalize: 'none', exponent: 3 }), [0.729, 0.125], { absolute: 1e-6 })
  })

  test('keeps the order of the classes of a clip', () => {
    fc.assert(
      fc.property(rows(4), powers, fc.constantFrom('sum', 'bernoulli', 'none'), (p, exponent, normalize) => {
        const q = sharpen(p, { classes: 4, exponent, normalize })
        for (let start = 0; start < p.length; start += 4) {
          for (let a = start; a < start + 4; a++)
            for (let b = start; b < start + 4; b++) if (p[a] > p[b]) expect(q[a]).toBeGreaterThanOrEqual(q[b])
        }
      }),
    )
  })

  test('exponent 1 is the identity of a coin, and of a row that sums to 1', () => {
    fc.assert(
      fc.property(rows(3), (p) => {
        expectClose(sharpen(p, { classes: 3, exponent: 1, normalize: 'bernoulli' }), p, { absolute: 1e-7 })
        expect(sharpen(p, { classes: 3, exponent: 1, normalize: 'none' })).toEqual(p)
        const once = sharpen(p, { classes: 3, exponent: 1 })
        expectClose(sharpen(once, { classes: 3, exponent: 1 }), once, { absolute: 1e-6 })
      }),
    )
  })

  test("rows of 'sum' add up to 1 and no value leaves [0, 1], at any exponent", () => {
    fc.assert(
      fc.property(
        rows(5),
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        fc.constantFrom('sum', 'bernoulli'),
        (p, exponent, normalize) => {
          const q = sharpen(p, { classes: 5, exponent, normalize })
          expect(q.every((x) => x >= 0 && x <= 1)).toBe(true)
          if (normalize !== 'sum') return
          for (let start = 0; start < q.length; start += 5) {
            expect(q.subarray(start, start + 5).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
          }
        },
      ),
    )
  })

  test('never touches its input', () => {
    const p = Float32Array.of(0.2, 0.4)
    for (const normalize of ['sum', 'bernoulli', 'none'] as const) sharpen(p, { classes: 2, normalize })
    expect(p).toEqual(Float32Array.of(0.2, 0.4))
  })
})

describe('averages and labellers', () => {
  test('the mean lies within the predictions and does not care about their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        (members) => {
          const predictions = members.map((pair) => Float32Array.from(pair))
          const mean = averagePredictions(predictions)
          for (const c of [0, 1]) {
            const column = members.map((pair) => pair[c])
            expect(mean[c]).toBeGreaterThanOrEqual(Math.min(...column))
            expect(mean[c]).toBeLessThanOrEqual(Math.max(...column))
          }
          expectClose(averagePredictions(predictions.toReversed()), mean, { absolute: 1e-7 })
        },
      ),
    )
  })

  test("'same' takes only the models of the fold, so a model never hears of its validation clips from another", () => {
    const members = [0, 1, 2].flatMap((fold) => [1, 2].map((cycle) => ({ fold, cycle, p: Float32Array.of(fold === 1 ? 0.9 : 0.1, 0.5) })))
    const same = selectLabellers(members, { folds: 'same', fold: 1 })
    expect(same.map(({ fold, cycle }) => [fold, cycle])).toEqual([
      [1, 1],
      [1, 2],
    ])
    expect(selectLabellers(members, { folds: 'all', fold: 1 })).toEqual(members)
    const labels = softPseudoLabels(
      same.map(({ p }) => p),
      { classes: 2 },
    )
    expectClose(labels, [0.81 / 1.06, 0.25 / 1.06], { absolute: 1e-6 })
  })

  test('recipes differ where the paper and its code differ', () => {
    expect(dcase2019PseudoLabels()).toMatchObject({ folds: 'same', exponent: 2, normalize: 'sum', set: 'curated-and-noisy', weight: 20 })
    expect(dcase2019PseudoLabels({ final: true }).folds).toBe('all')
    expect(dcase2019PseudoLabels({ variant: 'paper' })).toMatchObject({ folds: 'all', set: 'noisy', curatedShare: 0 })
    expect(dcase2019PseudoLabels({ variant: 'referenceCode' })).toMatchObject({ folds: 'all', mixupPartner: 'uniform', curatedShare: 0.5 })
  })
})

describe('failures', () => {
  const p = Float32Array.of(0.5, 0.5)
  test.each<[string, () => unknown, string, string]>([
    ['a logit', () => sharpen(Float32Array.of(0.5, 2), { classes: 2 }), 'probability', 'got 2 for class 1 of clip 0'],
    ['NaN', () => sharpen(Float32Array.of(0.5, 0.5, NaN, 0.5), { classes: 2 }), 'probability', 'got NaN for class 0 of clip 1'],
    ['a torn row', () => sharpen(p, { classes: 3 }), 'shape', '2 numbers are no whole rows of 3 classes'],
    ['no classes', () => sharpen(p, { classes: 0 }), 'option', 'classes must be'],
    ['exponent 0', () => sharpen(p, { classes: 2, exponent: 0 }), 'option', 'exponent must be above 0'],
    ['an unknown rule', () => sharpen(p, { classes: 2, normalize: 'max' as 'sum' }), 'option', "got 'max'"],
    ['a clip of zeros', () => sharpen(Float32Array.of(0.5, 0.5, 0, 0), { classes: 2 }), 'zero-row', 'clip 1 has none'],
    ['no prediction', () => softPseudoLabels([], { classes: 2 }), 'shape', 'got none'],
    ['predictions of other clips', () => softPseudoLabels([p, Float32Array.of(1, 0, 1, 0)], { classes: 2 }), 'shape', 'number 2 has 4'],
    ['no model of the fold', () => selectLabellers([{ fold: 0 }], { folds: 'same', fold: 3 }), 'fold', 'no model of fold 3'],
    ['unknown folds', () => selectLabellers([{ fold: 0 }], { folds: 'other' as 'all', fold: 0 }), 'option', "got 'other'"],
    ['an unknown variant', () => dcase2019PseudoLabels({ variant: 'x' as 'paper' }), 'option', "got 'x'"],
  ])('%s', (_, call, code, message) => {
    let error: unknown
    try {
      call()
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(SslError)
    expect((error as SslError).code).toBe(code)
    expect((error as SslError).message).toContain(message)
  })
})
