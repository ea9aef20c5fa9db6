import { chooseEnsemble, groupByLength, WeightedAverage, type OutOfFoldMember } from '@audiotag/ensemble'
import { bench, describe } from 'vitest'

/** Sizes of FSDKaggle2019: 3361 test clips, 80 classes. */
const clips = 3361
const classes = 80
const wave = (length: number, offset: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.abs(Math.sin(i * 0.37 + offset)))

const score = (labels: Float32Array, scores: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += labels[i] * scores[i]
  return sum / labels.length
}

describe('grouping 3361 clips by length', () => {
  const lengths = Array.from({ length: clips }, (_, i) => 13_230 + ((i * 7919) % 1_310_000))
  bench('groupByLength, 121 groups', () => {
    groupByLength(lengths, { maxGroups: 121 })
  })
})

describe('averaging predictions of 3361 clips', () => {
  const average = new WeightedAverage()
  const predictions = wave(clips * classes, 0)
  bench('WeightedAverage.add, 80 classes', () => {
    average.add(predictions, 1)
  })
})

describe('chooseEnsemble', () => {
  // As many clips as MiniFSD's curated set: 3 models × 2 cycles × 2 pads.
  const count = 160
  const truth = Float32Array.from({ length: count * 10 }, (_, i) => (i % 10 === Math.floor(i / 10) % 10 ? 1 : 0))
  const rows = Array.from({ length: count }, (_, row) => row)
  const members: OutOfFoldMember[] = ['A', 'B', 'C'].flatMap((model, m) =>
    [1, 2].flatMap((cycle) =>
      [0, 64].map((pad) => ({
        model,
        fold: 1,
        cycle,
        pad,
        clips: rows,
        predictions: wave(count * 10, m + cycle + pad).map((p, i) => p + truth[i] / 2),
      })),
    ),
  )
  bench('160 clips, 3 models × 2 cycles × 2 pads', () => {
    chooseEnsemble({ members, truth, classes: 10, score })
  })
})
