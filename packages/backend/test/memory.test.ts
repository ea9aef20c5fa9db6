import { createModel } from '@audiotag/models'
import { adam, createTrainStep, sgd, type TrainStepParts } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

beforeAll(async () => void (await useWasm({ threads: 1 })))

interface Sizes {
  readonly tensors: number
  readonly buffers: number
  readonly bytes: number
  /** Tensors as the backend counts them: an operation that threw may leave some that the engine does not know. */
  readonly known: number
  readonly heap: number
}

function sizes(): Sizes {
  const backend = tf.backend() as unknown as { numDataIds(): number; wasm: { HEAPU8: Uint8Array } }
  const { numTensors: tensors, numDataBuffers: buffers, numBytes: bytes } = tf.memory()
  return { tensors, buffers, bytes, known: backend.numDataIds(), heap: backend.wasm.HEAPU8.length }
}

/** Sizes after the first 20 steps and after all of them; batches of 2 and of 3 clips take turns. */
async function train(
  steps: number,
  config: { readonly architecture: 'resnet18' | 'envnet2'; readonly shape: readonly number[] },
  parts: Pick<TrainStepParts, 'optimizer' | 'microBatch'>,
): Promise<[Sizes, Sizes]> {
  let state = 1
  const rng = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 2 ** 24
  }
  const { architecture, shape } = config
  const model = createModel({ architecture, classes: 5, width: 1 / 16, activation: 'sigmoid' }, { rng })
  const step = createTrainStep({ model, streams: [{ name: 'clips', loss: 'bce' }], ...parts })
  const batches = [2, 3].map((clips) => {
    const length = shape.reduce((product, n) => product * n, clips)
    return {
      input: { data: Float32Array.from({ length }, rng), shape: [clips, ...shape] },
      targets: { data: Float32Array.from({ length: clips * 5 }, () => Number(rng() < 0.3)), shape: [clips, 5] },
    }
  })
  let early: Sizes | undefined
  for (let i = 0; i < steps; i++) {
    if (i === 20) early = sizes()
    await step({ clips: batches[i % 2] }, { learningRate: 1e-4, rng })
  }
  const late = sizes()
  parts.optimizer.dispose()
  model.dispose()
  return [early!, late]
}

const resnet = { architecture: 'resnet18', shape: [32, 40, 1] } as const
const envnet = { architecture: 'envnet2', shape: [21_000] } as const

describe('training keeps the number of tensors and the size of the heap', () => {
  test('200 steps', async () => {
    const before = tf.memory().numTensors
    const [early, late] = await train(200, resnet, { optimizer: adam() })
    expect(late).toEqual(early)
    expect(tf.memory().numTensors).toBe(before)
  }, 60_000)

  test('in parts of one clip', async () => {
    const [early, late] = await train(40, resnet, { optimizer: adam(), microBatch: 1 })
    expect(late).toEqual(early)
  }, 60_000)

  if (process.env['SLOW']) {
    test('10,000 steps of a ResNet, 2,000 of an EnvNet', async () => {
      const [early, late] = await train(10_000, resnet, { optimizer: adam() })
      expect(late).toEqual(early)
      const momentum = sgd({ momentum: 0.9, nesterov: true })
      const [first, last] = await train(2000, envnet, { optimizer: momentum, microBatch: 2 })
      expect(last).toEqual(first)
    }, 900_000)
  }
})
