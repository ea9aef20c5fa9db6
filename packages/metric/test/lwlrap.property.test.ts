import { expectClose } from '@audiotag/testkit'
import { lwlrap, LwlrapAccumulator, lwrap, type LwlrapResult, type Ties } from '@lwrap/metric'
import fc from 'fast-check'
import { expect, test } from 'vitest'

interface Sample {
  truth: number[][]
  scores: number[][]
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Straight from the definition, O(classes²) per clip. */
function bruteForce({ truth, scores }: Sample, ties: Ties): { overall: number; perClass: number[] } {
  const precisions: number[][] = truth[0].map(() => [])
  truth.forEach((labels, row) => {
    labels.forEach((label, column) => {
      if (label === 0) return
      const score = scores[row][column]
      const isAbove = (other: number): boolean =>
        scores[row][other] > score || (scores[row][other] === score && (ties === 'max' || other >= column))
      const above = labels.map((_, other) => other).filter(isAbove)
      precisions[column].push(above.filter((other) => labels[other] === 1).length / above.length)
    })
  })
  return { overall: mean(precisions.flat()), perClass: precisions.map(mean) }
}

// Few different scores, so that ties are common; up to 40 classes, so that both ways of sorting positives are used.
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(-0))
const samples: fc.Arbitrary<Sample> = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 40 }))
  .chain(([clips, classes]) => {
    const matrix = (entry: fc.Arbitrary<number>): fc.Arbitrary<number[][]> =>
      fc.array(fc.array(entry, { minLength: classes, maxLength: classes }), { minLength: clips, maxLength: clips })
    return fc.record({ truth: matrix(fc.constantFrom(0, 0, 1)), scores: matrix(score) })
  })
const bothTies = fc.constantFrom<Ties>('max', 'index')
const run = ({ truth, scores }: Sample, ties: Ties = 'max'): LwlrapResult => lwlrap(truth, scores, { ties })
const shuffled = (length: number): fc.Arbitrary<number[]> => {
  const order = Array.from({ length }, (_, i) => i)
  return fc.shuffledSubarray(order, { minLength: length, maxLength: length })
}
const withOrder = (lengthOf: (sample: Sample) => number): fc.Arbitrary<[Sample, number[]]> =>
  samples.chain((sample) => fc.tuple(fc.constant(sample), shuffled(lengthOf(sample))))

test('agrees with the definition', () => {
  fc.assert(
    fc.property(samples, bothTies, (sample, ties) => {
      const expected = bruteForce(sample, ties)
      const result = run(sample, ties)
      expectClose([result.overall, ...result.perClass], [expected.overall, ...expected.perClass], { absolute: 1e-12 })
    }),
  )
})

test('an increasing map of the scores changes nothing', () => {
  fc.assert(
    fc.property(samples, bothTies, (sample, ties) => {
      const levels = [...new Set(sample.scores.flat().map((value) => value + 0))].sort((a, b) => a - b)
      const scores = sample.scores.map((row) => row.map((value) => Math.atan(levels.indexOf(value + 0)) - 7))
      expect(run({ ...sample, scores }, ties)).toEqual(run(sample, ties))
    }),
  )
})

test('the order of clips changes no bit', () => {
  fc.assert(
    fc.property(
      withOrder(({ truth }) => truth.length),
      bothTies,
      ([sample, order], ties) => {
        const moved = { truth: order.map((row) => sample.truth[row]), scores: order.map((row) => sample.scores[row]) }
        expect(run(moved, ties)).toEqual(run(sample, ties))
      },
    ),
  )
})

test('the order of classes moves the result along', () => {
  fc.assert(
    fc.property(
      withOrder(({ truth }) => truth[0].length),
      ([sample, order]) => {
        const move = (matrix: number[][]): number[][] => matrix.map((row) => order.map((column) => row[column]))
        const [result, moved] = [run(sample), run({ truth: move(sample.truth), scores: move(sample.scores) })]
        expect(moved.overall).toBe(result.overall)
        for (const key of ['perClass', 'weights', 'positives'] as const) {
          expect([...moved[key]]).toEqual(order.map((column) => result[key][column]))
        }
      },
    ),
  )
})

test('a perfect ranking scores 1, and nothing more; weights and shares add up', () => {
  fc.assert(
    fc.property(samples, bothTies, (sample, ties) => {
      fc.pre(sample.truth.flat().includes(1))
      expect(run({ ...sample, scores: sample.truth }, ties).overall).toBe(1)
      const { overall, perClass, weights } = run(sample, ties)
      expect(overall).toBeGreaterThan(0)
      expect(overall).toBeLessThanOrEqual(1)
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
      expect(weights.reduce((sum, weight, column) => sum + (weight > 0 ? weight * perClass[column] : 0), 0)).toBeCloseTo(overall, 12)
    }),
  )
})

test('one positive in a clip: the max rule is the pessimistic one', () => {
  fc.assert(
    fc.property(samples, ({ truth, scores }) => {
      const single = truth.map((row) => row.map((_, column) => (column === row.indexOf(1) ? 1 : 0)))
      fc.pre(single.flat().includes(1))
      expect(lwlrap(single, scores, { ties: 'max' }).overall).toBeLessThanOrEqual(lwlrap(single, scores, { ties: 'index' }).overall)
    }),
  )
})

test('accumulators: any split, any order of merging, through JSON, the same bits', () => {
  fc.assert(
    fc.property(samples, bothTies, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }), (sample, ties, owners) => {
      const classes = sample.truth[0].length
      const parts = [0, 1, 2].map(() => new LwlrapAccumulator({ classes, ties }))
      sample.truth.forEach((labels, row) => parts[owners[row]].add(labels, sample.scores[row]))
      const [first, ...others] = parts.map((part) =>
        LwlrapAccumulator.fromJSON(JSON.parse(JSON.stringify(part)) as ReturnType<typeof part.toJSON>),
      )
      for (const other of others.toReversed()) first.merge(other)
      expect(first.result()).toEqual(run(sample, ties))
    }),
  )
})

test('flat, nested, typed, boolean: one result', () => {
  fc.assert(
    fc.property(samples, ({ truth, scores }) => {
      const classes = truth[0].length
      const expected = lwlrap(truth, scores)
      expect(lwlrap(truth.flat(), scores.flat(), { classes })).toEqual(expected)
      expect(lwlrap(Uint8Array.from(truth.flat()), Float64Array.from(scores.flat()), { classes })).toEqual(expected)
      expect(lwlrap(truth.flat(), scores)).toEqual(expected)
      expect(
        lwlrap(
          truth.map((row) => row.map((label) => label === 1)),
          scores.map((row) => Float64Array.from(row)),
        ),
      ).toEqual(expected)
      expect(
        lwlrap(
          truth.map((row) => row.map((label) => 0.2 + label / 2)),
          scores,
          { threshold: 0.5 },
        ),
      ).toEqual(expected)
    }),
  )
})

test('input stays as it was', () => {
  const [truth, scores] = [new Float32Array([1, 0, 1]), new Float32Array([0.1, 0.3, 0.2])]
  lwlrap(truth, scores, { classes: 3 })
  expect([truth, scores]).toEqual([new Float32Array([1, 0, 1]), new Float32Array([0.1, 0.3, 0.2])])
})

test('lwrap is lwlrap', () => {
  expect(lwrap).toBe(lwlrap)
})
