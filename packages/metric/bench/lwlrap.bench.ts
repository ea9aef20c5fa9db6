import { bootstrapInterval, lwlrap } from '@lwrap/metric'
import { bench, describe } from 'vitest'

// The test set of DCASE 2019 Task 2: 4481 clips, 80 classes, 1.4 labels a clip.
const [clips, classes] = [4481, 80]
let state = 1
const rng = (): number => (state = (state * 48271) % 2147483647) / 2147483647
const truth = Uint8Array.from({ length: clips * classes }, () => (rng() < 1.4 / classes ? 1 : 0))
const scores = Float32Array.from({ length: clips * classes }, rng)
const rows = <T>(data: ArrayLike<T>): T[][] =>
  Array.from({ length: clips }, (_, row) => Array.from({ length: classes }, (_, column) => data[row * classes + column]))
const [truthRows, scoreRows] = [rows(truth), rows(scores)]

/** The published loop: per clip an argsort, ranks, cumulative hits. */
function naive(): number {
  let sum = 0
  let positives = 0
  truthRows.forEach((labels, row) => {
    if (!labels.includes(1)) return
    const order = labels.map((_, column) => column).sort((a, b) => scoreRows[row][b] - scoreRows[row][a])
    let hits = 0
    order.forEach((column, rank) => {
      if (labels[column] === 0) return
      hits++
      positives++
      sum += hits / (rank + 1)
    })
  })
  return sum / positives
}

const difference = Math.abs(naive() - lwlrap(truth, scores, { classes }).overall)
if (!(difference < 1e-9)) throw new Error(`the two disagree by ${difference}`) // there are no ties

describe(`lwlrap of ${clips} clips, ${classes} classes`, () => {
  bench('typed arrays', () => void lwlrap(truth, scores, { classes }))
  bench('nested arrays', () => void lwlrap(truthRows, scoreRows))
  bench('naive: argsort per clip', () => void naive())
})

describe(`interval of ${clips} clips`, () => {
  bench('1000 resamples', () => void bootstrapInterval(truth, scores, { classes, rng }))
})
