import { createHash } from 'node:crypto'
import { adam, captureCheckpoint, createTrainStep, restoreCheckpoint, sgd, type Checkpoint, type Optimizer } from '@audiotag/train'
import { describeBackends, goldenWords } from '@audiotag/testkit'
import '@tensorflow/tfjs-backend-cpu'
import { expect, test } from 'vitest'
// By its path: @audiotag/backend is itself tested with this package, so it cannot be a dependency of it.
import { useWasm } from '../../backend/dist/index.js'
import { plainFilterGradient } from './filter-gradient.js'
import { goldenModel, goldenRun } from './golden-run.js'

const run = goldenRun('resnet34-w8-three-streams')
const input = { data: Float32Array.from(goldenWords('x', 2 * 32 * 32, 1), (word) => word / 2 ** 32), shape: [2, 32, 32, 1] }
const targets = { data: Float32Array.from(goldenWords('y', 160, 1), (word) => (word / 2 ** 32 < 0.05 ? 1 : 0)), shape: [2, 80] }

async function go(make: () => Optimizer, steps: number, from?: Checkpoint): Promise<Checkpoint> {
  const model = await goldenModel(run)
  const optimizer = make()
  const startStep = from ? restoreCheckpoint(from, { model, optimizer }).step : 0
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: '0', loss: 'bce' }] })
  for (let i = startStep; i < steps; i++) await step({ curated: { input, targets } }, { learningRate: 1e-3 })
  const checkpoint = await captureCheckpoint({ model, optimizer }, { step: steps })
  model.dispose()
  optimizer.dispose()
  return checkpoint
}

/** Name, shape and a hash of the bytes of every tensor: comparing the numbers one by one takes seconds. */
const bits = ({ tensors, metadata }: Checkpoint): unknown => [
  metadata,
  Object.entries(tensors).map(([name, { data, shape }]) => [name, shape, createHash('sha256').update(data).digest('hex')]),
]

// wasm and TensorFlow with their own kernels updates in place; cpu composes the update
describeBackends(
  ['cpu', 'wasm', 'tensorflow', 'webgpu'],
  () => {
    test.each<[string, () => Optimizer]>([
      ['Adam', () => adam()],
      ['SGD', () => sgd({ momentum: 0.9, nesterov: true })],
    ])(
      'ResNet-34 with %s resumes to the same bits, running statistics included',
      async (_, make) => {
        const half = await go(make, 2)
        const before = bits(half)
        const unbroken = await go(make, 4)
        expect(bits(await go(make, 4, half))).toEqual(bits(unbroken))
        expect(bits(half)).toEqual(before) // a checkpoint is a copy: later updates do not reach it
        expect(unbroken.tensors['model/bn1.running_mean']).not.toEqual(half.tensors['model/bn1.running_mean'])
      },
      60_000,
    )
  },
  { setup: { wasm: () => useWasm({ threads: 1 }), cpu: () => plainFilterGradient('cpu') } },
)
