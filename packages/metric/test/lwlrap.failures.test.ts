import { lwlrap, LwlrapAccumulator, MetricError, type LwlrapState } from '@lwrap/metric'
import { describe, expect, test } from 'vitest'

/* oxlint-disable typescript/no-unsafe-argument, typescript/no-explicit-any -- wrong types on purpose */

const thrown = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    if (error instanceof MetricError) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing was thrown'
}

const filled = (): LwlrapAccumulator => {
  const accumulator = new LwlrapAccumulator({ classes: 2 })
  accumulator.add([1, 0], [0.2, 0.3])
  return accumulator
}

describe('lwlrap', () => {
  test.each<[string, any, any, any?]>([
    [
      'METRIC_VALUE lwlrap: scores must be finite numbers, got NaN at row 1, column 0 (counted from 0).',
      [
        [1, 0],
        [0, 1],
      ],
      [
        [1, 2],
        [NaN, 3],
      ],
    ],
    [
      'METRIC_VALUE lwlrap: scores must be finite numbers, got -Infinity at row 0, column 1 (counted from 0).',
      [1, 0],
      [1, -Infinity],
      { classes: 2 },
    ],
    ['METRIC_VALUE lwlrap: scores must be finite numbers, got "0.5" at row 0, column 0', [[1]], [['0.5']]],
    [
      'METRIC_VALUE lwlrap: scores must be finite numbers, got undefined at row 0, column 1',
      [1, 0],
      Array(2).fill(1, 0, 1),
      { classes: 2 },
    ],
    ['METRIC_VALUE lwlrap: scores must be finite numbers, got 1n at row 0, column 0', [[1]], [[1n]]],
    [
      'METRIC_VALUE lwlrap: scores must be finite numbers, got NaN at row 1, column 1',
      [0, 0, 0, 0],
      new Float32Array([1, 1, 1, NaN]),
      { classes: 2 },
    ],
    [
      'METRIC_VALUE lwlrap: truth must be 0 or 1, got 0.7 at row 0, column 1 (counted from 0). For soft labels say from where on they count: { threshold: 0.5 }.',
      [[0, 0.7]],
      [[1, 2]],
    ],
    ['METRIC_VALUE lwlrap: truth must be 0 or 1, got NaN at row 0, column 0', [[NaN, 1]], [[1, 2]]],
    ['METRIC_VALUE lwlrap: truth must be finite numbers, got NaN at row 0, column 0', [[NaN, 1]], [[1, 2]], { threshold: 0 }],
    [
      'METRIC_SHAPE lwlrap: truth and scores must have the same clips, got 2 and 1 rows of 2 classes.',
      [
        [1, 0],
        [0, 1],
      ],
      [[1, 2]],
    ],
    ['METRIC_SHAPE lwlrap: every row of scores must have 3 values, got 2 values in row 0', [[1, 0, 0]], [[1, 2]]],
    [
      'METRIC_SHAPE lwlrap: every row of truth must have 2 values, got 1 values in row 1',
      [[1, 0], [1]],
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'METRIC_SHAPE lwlrap: every row of truth must have 2 values, got null in row 1',
      [[1, 0], null],
      [
        [1, 2],
        [1, 2],
      ],
    ],
    ['METRIC_SHAPE lwlrap: a flat array needs options.classes, got truth of 2 values without it.', [1, 0], [1, 2]],
    ['METRIC_SHAPE lwlrap: truth must hold a multiple of 2 values (options.classes), got 3.', [1, 0, 0], [1, 2, 3], { classes: 2 }],
    ['METRIC_SHAPE lwlrap: truth must hold at least one clip, got an empty array.', [], []],
    ['METRIC_SHAPE lwlrap: there must be at least one class, got rows without values.', [[], []], [[], []]],
    ['METRIC_SHAPE lwlrap: truth must be an array or a typed array, got undefined.', undefined, [1]],
    ['METRIC_SHAPE lwlrap: scores must be an array or a typed array, got object.', [1], { 0: 1, length: 1 }, { classes: 1 }],
    ['METRIC_OPTION lwlrap: options.classes must be an integer of at least 1, got 0.', [1], [1], { classes: 0 }],
    ['METRIC_OPTION lwlrap: options.threshold must be a finite number, got NaN.', [1], [1], { classes: 1, threshold: NaN }],
    ['METRIC_OPTION lwlrap: options.ties must be "max" or "index", got "min".', [1], [1], { classes: 1, ties: 'min' }],
  ])('%s', (message, truth, scores, options) => {
    expect(thrown(() => lwlrap(truth, scores, options))).toContain(message)
  })

  test('no positives at all: undefined, not zero', () => {
    const result = lwlrap([[0, 0]], [[1, 2]])
    expect([result.overall, ...result.perClass, ...result.weights]).toEqual([NaN, NaN, NaN, NaN, NaN])
    expect([result.clips, result.clipsWithPositives]).toEqual([1, 0])
  })
})

describe('LwlrapAccumulator', () => {
  test('a batch that throws adds nothing', () => {
    const accumulator = filled()
    const before = JSON.stringify(accumulator)
    expect(
      thrown(() =>
        accumulator.add(
          [
            [1, 0],
            [1, 0],
          ],
          [
            [1, 2],
            [1, NaN],
          ],
        ),
      ),
    ).toContain('METRIC_VALUE LwlrapAccumulator.add: scores must be finite')
    expect(thrown(() => accumulator.add([1, 0, 0], [1, 2, 3]))).toContain(
      'METRIC_SHAPE LwlrapAccumulator.add: truth must hold a multiple of 2',
    )
    expect(thrown(() => accumulator.add([[1]], [[1]]))).toContain(
      'METRIC_SHAPE LwlrapAccumulator.add: every row of truth must have 2 values',
    )
    expect(JSON.stringify(accumulator)).toBe(before)
  })

  test('states that do not fit', () => {
    expect(thrown(() => new LwlrapAccumulator({} as any))).toContain('METRIC_OPTION LwlrapAccumulator: options.classes is needed')
    expect(thrown(() => new LwlrapAccumulator({ classes: 1.5 }))).toContain(
      'METRIC_OPTION LwlrapAccumulator: options.classes must be an integer',
    )
    expect(thrown(() => new LwlrapAccumulator({ classes: 2 }).result())).toContain(
      'METRIC_STATE LwlrapAccumulator.result: there must be at least one clip',
    )
    expect(thrown(() => filled().merge(new LwlrapAccumulator({ classes: 3 })))).toContain(
      'METRIC_STATE LwlrapAccumulator.merge: both must have the same classes, got 2 and 3.',
    )
    expect(thrown(() => filled().merge(new LwlrapAccumulator({ classes: 2, ties: 'index' })))).toContain('the same ties, got max and index')
    expect(thrown(() => filled().merge(new LwlrapAccumulator({ classes: 2, threshold: 0.5 })))).toContain(
      'the same threshold, got undefined and 0.5',
    )
    expect(thrown(() => filled().merge(filled().toJSON() as any))).toContain('takes another LwlrapAccumulator')
  })

  test.each<[string, Partial<Record<keyof LwlrapState, unknown>>]>([
    ['classes', { classes: '2' }],
    ['ties', { ties: 'best' }],
    ['positives', { positives: [1] }],
    ['positives', { positives: [1, -1] }],
    ['sums', { sums: [1, null] }],
    ['corrections', { corrections: undefined }],
    ['clips', { clips: -1 }],
    ['clipsWithPositives', { clipsWithPositives: 0.5 }],
    ['threshold', { threshold: '0.5' }],
  ])('fromJSON refuses a broken state: %s', (field, change) => {
    const state = { ...filled().toJSON(), ...change } as LwlrapState
    expect(thrown(() => LwlrapAccumulator.fromJSON(state))).toMatch(new RegExp(`^METRIC_(STATE|OPTION) .*${field}`))
  })

  test('fromJSON refuses null', () => {
    expect(thrown(() => LwlrapAccumulator.fromJSON(null as any))).toContain(
      'METRIC_STATE LwlrapAccumulator.fromJSON: takes what toJSON returned, got null.',
    )
  })

  test('merging with itself doubles it', () => {
    const accumulator = filled()
    accumulator.merge(accumulator)
    expect([...accumulator.result().positives]).toEqual([2, 0])
    expect(accumulator.result().overall).toBe(0.5)
  })
})
