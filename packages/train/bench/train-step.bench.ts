import { createModel } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { bench, describe } from 'vitest'
// By its path: @audiotag/backend is itself tested with this package, so it cannot be a dependency of it.
import { useWasm } from '../../backend/dist/index.js'

// The demo's step: ResNet34 at an eighth of its width, slices of 128 frames, 32 curated and 32 noisy clips, Adam; one thread.
await useWasm({ threads: 1 })
const model = createModel(
  { architecture: 'resnet34', classes: 80, width: 1 / 8, heads: ['curated', 'noisy'], activation: 'sigmoid' },
  { rng: () => 0.3 },
)
const streams = ['curated', 'noisy', 'ssl'].map(
  (name) => ({ name, head: name === 'noisy' ? 'noisy' : 'curated', loss: name === 'ssl' ? 'mse' : 'bce' }) as const,
)
const clips = {
  input: { data: new Float32Array(32 * 128 * 128).fill(0.1), shape: [32, 128, 128, 1] },
  targets: { data: new Float32Array(32 * 80), shape: [32, 80] },
}
const rng = (): number => 0.7

describe(`one update on ${tf.getBackend()}, batches of 32 clips`, () => {
  const two = createTrainStep({ model, optimizer: adam(), streams: streams.slice(0, 2) })
  bench('curated + noisy', async () => void (await two({ curated: clips, noisy: clips }, { learningRate: 1e-6, rng })), {
    iterations: 5,
    time: 0,
  })
  const three = createTrainStep({ model, optimizer: adam(), streams })
  bench(
    'curated + noisy + pseudo labels',
    async () => void (await three({ curated: clips, noisy: clips, ssl: clips }, { learningRate: 1e-6, rng })),
    {
      iterations: 5,
      time: 0,
    },
  )
})
