import { createModel } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

test('training keeps the number of tensors and the size of the heap', async () => {
  await useWasm({ threads: 1 })
  let state = 1
  const rng = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 2 ** 24
  }
  const model = createModel({ architecture: 'resnet18', classes: 5, width: 0.125, activation: 'sigmoid' }, { rng })
  const step = createTrainStep({ model, optimizer: adam(), streams: [{ name: 'clips', loss: 'bce' }] })
  const shape = [2, 32, 40, 1]
  const input = { data: Float32Array.from({ length: 2 * 32 * 40 }, rng), shape }
  const targets = { data: Float32Array.from({ length: 10 }, () => Number(rng() < 0.3)), shape: [2, 5] }
  const sizes: { tensors: number; bytes: number; heap: number }[] = []
  for (let i = 0; i < 60; i++) {
    await step({ clips: { input, targets } }, { learningRate: 1e-3, rng })
    const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }
    sizes.push({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes, heap: wasm.HEAPU8.length })
  }
  expect(sizes.at(-1)).toEqual(sizes[9])
  model.dispose()
}, 60_000)
