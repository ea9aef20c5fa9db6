import {
  chooseEnsemble,
  cyclicCosine,
  EnsembleError,
  groupByLength,
  padBothSides,
  snapshotSchedule,
  submission1,
  WeightedAverage,
  type EnsembleVariant,
  type OutOfFoldMember,
} from '@audiotag/ensemble'
import { predictGrouped, type PredictClip, type PredictingModel } from '@audiotag/ensemble/tfjs'
import { describe, expect, test } from 'vitest'

const rates = { maxRate: 1, minRate: 0, stepsPerCycle: 4 }
const clip = { data: Float32Array.of(1, 2), bins: 1, frames: 2 }
const average = (): WeightedAverage => new WeightedAverage()
const filled = (): WeightedAverage => {
  const two = average()
  two.add([1, 2])
  return two
}
const member: OutOfFoldMember = { model: 'A', fold: 1, cycle: 1, pad: 0, clips: [0, 1], predictions: [1, 0, 0, 1] }
const choose = (members: OutOfFoldMember[], more: object = {}): unknown =>
  chooseEnsemble({ members, truth: [1, 0, 0, 1], classes: 2, score: () => 1, outerFolds: 2, ...more })

const cases: [code: string, message: string, run: () => unknown][] = [
  ['ENSEMBLE_RANGE', 'cyclicCosine: maxRate must be a finite number above 0, got 0. The', () => cyclicCosine({ ...rates, maxRate: 0 })],
  [
    'ENSEMBLE_RANGE',
    'cyclicCosine: maxRate must be a finite number above 0, got NaN',
    () => cyclicCosine({ ...rates, maxRate: Number.NaN }),
  ],
  ['ENSEMBLE_RANGE', 'cyclicCosine: minRate must be from 0 to maxRate (1), got 2', () => cyclicCosine({ ...rates, minRate: 2 })],
  [
    'ENSEMBLE_RANGE',
    'cyclicCosine: stepsPerCycle must be an integer at least 1, got 0.5',
    () => cyclicCosine({ ...rates, stepsPerCycle: 0.5 }),
  ],
  [
    'ENSEMBLE_RANGE',
    'cyclicCosine: periodOffset must be an integer from 0 to 1, got 2',
    () => cyclicCosine({ ...rates, periodOffset: 2 as 1 }),
  ],
  ['ENSEMBLE_RANGE', 'cyclicCosine: step must be an integer at least 0, got -1', () => cyclicCosine(rates)(-1)],
  [
    'ENSEMBLE_RANGE',
    'snapshotSchedule: cycles must be an integer at least 1, got 0',
    () => snapshotSchedule({ cycles: 0, epochsPerCycle: 1, stepsPerEpoch: 1 }),
  ],
  ['ENSEMBLE_RANGE', 'groupByLength: lengths[1] must be an integer at least 1, got 0', () => groupByLength([3, 0])],
  ['ENSEMBLE_RANGE', 'groupByLength: lengths[0] must be an integer at least 1, got NaN', () => groupByLength([Number.NaN])],
  ['ENSEMBLE_RANGE', 'groupByLength: maxGroups must be an integer at least 1, got 0', () => groupByLength([3], { maxGroups: 0 })],
  ['ENSEMBLE_RANGE', 'groupByLength: maxPatience must be from 0 to 1, got 1.5', () => groupByLength([3], { maxPatience: 1.5 })],
  ['ENSEMBLE_RANGE', 'groupByLength: patienceStep must be from', () => groupByLength([3, 4], { maxGroups: 1, patienceStep: 0 })],
  [
    'ENSEMBLE_RANGE',
    'padBothSides: samples must be an integer at least 0, got -1',
    () => padBothSides(Float32Array.of(1), { samples: -1 }),
  ],
  ['ENSEMBLE_EMPTY', 'padBothSides: a clip must have at least one value, got none', () => padBothSides(new Float32Array(), { samples: 1 })],
  [
    'ENSEMBLE_EMPTY',
    'padBothSides: a clip must have at least one value, got none',
    () => padBothSides({ data: new Float32Array(), bins: 3, frames: 0 }, { frames: 1 }),
  ],
  [
    'ENSEMBLE_SHAPE',
    'padBothSides: data must have bins × frames = 1 × 3 values, got 2',
    () => padBothSides({ ...clip, frames: 3 }, { frames: 1 }),
  ],
  [
    'ENSEMBLE_NOT_FINITE',
    'padBothSides: a spectrogram must be finite, got NaN',
    () => padBothSides({ ...clip, data: Float32Array.of(1, Number.NaN) }, { frames: 1 }),
  ],
  [
    'ENSEMBLE_NOT_FINITE',
    'padBothSides: a spectrogram must be finite, got -Infinity',
    () => padBothSides({ ...clip, data: Float32Array.of(1, -Infinity) }, { frames: 1 }),
  ],
  [
    'ENSEMBLE_NOT_FINITE',
    'padBothSides: fill must be a finite number of dB, got NaN',
    () => padBothSides(clip, { frames: 1, fill: Number.NaN }),
  ],
  [
    'ENSEMBLE_RANGE',
    "padBothSides: fill must be 'default', 'paper', 'referenceCode' or",
    () => padBothSides(clip, { frames: 1, fill: 'zero' as 'paper' }),
  ],
  [
    'ENSEMBLE_RANGE',
    "WeightedAverage: mean must be 'arithmetic' or 'geometric', got median",
    () => new WeightedAverage({ mean: 'median' as 'geometric' }),
  ],
  [
    'ENSEMBLE_RANGE',
    'WeightedAverage.add: weight must be a finite number of at least 0, got -1 (member {"model":"A"})',
    () => average().add([1], -1, { model: 'A' }),
  ],
  [
    'ENSEMBLE_RANGE',
    'WeightedAverage.add: weight must be a finite number of at least 0, got NaN. Use',
    () => average().add([1], Number.NaN),
  ],
  [
    'ENSEMBLE_RANGE',
    'WeightedAverage.add: a geometric mean needs predictions of at least 0, got -1 at 1',
    () => new WeightedAverage({ mean: 'geometric' }).add([1, -1]),
  ],
  ['ENSEMBLE_NOT_FINITE', 'WeightedAverage.add: predictions must be finite, got Infinity at 0', () => average().add([Infinity])],
  ['ENSEMBLE_EMPTY', 'WeightedAverage.add: predictions must not be empty, got 0 values', () => average().add([])],
  ['ENSEMBLE_SHAPE', 'WeightedAverage.add: every prediction must have 2 values, got 3', () => filled().add([1, 2, 3])],
  [
    'ENSEMBLE_MEMBERS',
    'WeightedAverage.merge: both must have the same kind of mean, got arithmetic and geometric',
    () => average().merge(new WeightedAverage({ mean: 'geometric' })),
  ],
  ['ENSEMBLE_EMPTY', 'WeightedAverage.result: at least one member must have a weight above 0, got 0 members', () => average().result()],
  [
    'ENSEMBLE_RANGE',
    "submission1: variant must be 'default', 'paper' or 'referenceCode', got toString",
    () => submission1('toString' as EnsembleVariant),
  ],
  ['ENSEMBLE_EMPTY', 'chooseEnsemble: there must be members and truth, got 0 members', () => choose([])],
  ['ENSEMBLE_SHAPE', 'chooseEnsemble: truth must be a multiple of classes (3), got 4', () => choose([member], { classes: 3 })],
  [
    'ENSEMBLE_SHAPE',
    'chooseEnsemble: predictions must have clips × classes = 1 × 2 values, got 4 (model A, fold 1, cycle 1, pad 0)',
    () => choose([{ ...member, clips: [0] }]),
  ],
  ['ENSEMBLE_RANGE', 'chooseEnsemble: clips must be rows of truth, from 0 to 1, got 2', () => choose([{ ...member, clips: [0, 2] }])],
  [
    'ENSEMBLE_NOT_FINITE',
    'chooseEnsemble: predictions must be finite, got NaN at 3',
    () => choose([{ ...member, predictions: [1, 0, 0, Number.NaN] }]),
  ],
  [
    'ENSEMBLE_MEMBERS',
    'chooseEnsemble: a clip must be predicted once by each model, cycle and pad, got clip 0 from folds 1 and 2',
    () => choose([member, { ...member, fold: 2 }]),
  ],
  [
    'ENSEMBLE_MEMBERS',
    'chooseEnsemble: every model, cycle and pad must predict every clip, got 1 of 2 clips (model A, cycle 1, pad 0; clip 1 is missing)',
    () => choose([{ ...member, clips: [0], predictions: [1, 0] }]),
  ],
  [
    'ENSEMBLE_MEMBERS',
    'got 0 of 2 clips (model A, cycle 1, pad 8; clip 0 is missing)',
    () => choose([member, { ...member, cycle: 2, pad: 8 }]),
  ],
  ['ENSEMBLE_RANGE', 'chooseEnsemble: outerFolds must be an integer from 2 to 2, got 3', () => choose([member], { outerFolds: 3 })],
  ['ENSEMBLE_SHAPE', 'chooseEnsemble: outerFolds must have one entry a clip (2), got 1', () => choose([member], { outerFolds: [0] })],
  [
    'ENSEMBLE_RANGE',
    'chooseEnsemble: there must be at least 2 outer folds with clips, got 1',
    () => choose([member], { outerFolds: [4, 4] }),
  ],
  [
    'ENSEMBLE_RANGE',
    'chooseEnsemble: weights must be finite, at least 0, and one above 0, got [0]',
    () => choose([member], { weights: [0] }),
  ],
  [
    'ENSEMBLE_RANGE',
    'chooseEnsemble: minGain must be a finite number of at least 0, got NaN',
    () => choose([member], { minGain: Number.NaN }),
  ],
  [
    'ENSEMBLE_NOT_FINITE',
    'chooseEnsemble: score must return a finite number, got NaN on 1 clips',
    () => choose([member], { score: () => Number.NaN }),
  ],
]

describe('synchronous', () => {
  test.each(cases)('%s %s', (code, message, run) => {
    let thrown: unknown
    try {
      run()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(EnsembleError)
    expect(thrown).toMatchObject({ name: 'EnsembleError', code, message: expect.stringContaining(message) as string })
  })
})

describe('predictGrouped', () => {
  const never: PredictingModel = {
    predict: () => {
      throw new Error('must not be called')
    },
  }
  const wrong: [code: string, message: string, clips: PredictClip[]][] = [
    ['ENSEMBLE_EMPTY', 'predictGrouped: there must be at least one clip, got none', []],
    ['ENSEMBLE_EMPTY', 'predictGrouped: a clip must not be empty, got clip 1 of length 0', [clip, { ...clip, frames: 0 }]],
    [
      'ENSEMBLE_SHAPE',
      'predictGrouped: clips must be alike, all waveforms or all spectrograms [bins, frames] of equal bins, got another at clip 1',
      [clip, Float32Array.of(1)],
    ],
    ['ENSEMBLE_SHAPE', 'got another at clip 1', [clip, { data: Float32Array.of(1, 2), bins: 2, frames: 1 }]],
    ['ENSEMBLE_SHAPE', 'got another at clip 0', [{ ...clip, frames: 3 }]],
  ]
  test.each(wrong)('%s %s', async (code, message, clips) => {
    await expect(predictGrouped(never, clips)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
  })

  test('an unknown group padding', async () => {
    const options = { groupPadding: 'paper' as 'masked' }
    await expect(predictGrouped(never, [clip], options)).rejects.toThrow("groupPadding must be 'masked' or 'referenceCode', got paper")
  })
})
