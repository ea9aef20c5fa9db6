import * as tf from '@tensorflow/tfjs-core'
import { bench, describe } from 'vitest'

import { useWasm } from '@audiotag/backend'
import { createModel } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'

/** Forward, backward and Adam on one batch, one thread. For more threads: THREADS=2. */
const threads = Number(process.env['THREADS'] ?? 1)
await useWasm({ threads })

/** Values in 0 … 1 that depend on the state alone. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 2 ** 24
  }
}

describe.each([
  ['resnet34', 1 / 8, [16, 128, 128, 1]],
  ['resnet34', 1 / 8, [32, 128, 128, 1]],
  ['resnet34', 1 / 4, [8, 128, 256, 1]],
  ['envnet2', 1 / 8, [8, 44_100]],
] as const)('%s, width %d, batch %o', (architecture, width, shape) => {
  const rng = generator(1)
  const model = createModel({ architecture, classes: 80, width, activation: 'sigmoid' }, { rng })
  const step = createTrainStep({ model, optimizer: adam(), streams: [{ name: 'clips', loss: 'bce' }] })
  const size = shape.reduce<number>((product, n) => product * n, 1)
  const input = tf.tensor(
    Float32Array.from({ length: size }, () => rng() * 2 - 1),
    [...shape],
  )
  const targets = tf.tensor(
    Float32Array.from({ length: shape[0] * 80 }, () => Number(rng() < 0.03)),
    [shape[0], 80],
  )
  bench(
    `${threads} thread(s)`,
    async () => {
      await step({ clips: { input, targets } }, { learningRate: 1e-3, rng })
    },
    { warmupIterations: 5, iterations: 20, time: 0, warmupTime: 0 },
  )
})
