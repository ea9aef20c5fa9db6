import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'

import { relativeError, startBoth, values } from './compare.js'

beforeAll(startBoth)

const run = (name: string, inputs: tf.NamedTensorMap, attributes: object): unknown =>
  tf.engine().runKernel(name, inputs, attributes as never)

// 4 · n + 3 elements: vectors and the rest.
const SIZE = 1027

test('Adam in place equals the formula in float64', async () => {
  await tf.setBackend('wasm')
  const before = tf.memory().numTensors
  const [learningRate, beta1, beta2, epsilon] = [1e-2, 0.9, 0.999, 1e-8]
  const [value, m, v] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE]), tf.zeros([SIZE])]
  const exact = Array.from(values(1, [SIZE]))
  const [exactM, exactV] = [new Float64Array(SIZE), new Float64Array(SIZE)]
  for (let step = 1; step <= 5; step++) {
    const g = values(step + 10, [SIZE])
    const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step]
    const gradient = tf.tensor1d(g)
    run('AudiotagAdam', { value, m, v, gradient }, { learningRate, beta1, beta2, epsilon, correction1, correction2 })
    gradient.dispose()
    for (let i = 0; i < SIZE; i++) {
      exactM[i] = beta1 * exactM[i] + (1 - beta1) * g[i]
      exactV[i] = beta2 * exactV[i] + (1 - beta2) * g[i] ** 2
      exact[i] -= (learningRate * (exactM[i] / correction1)) / (Math.sqrt(exactV[i] / correction2) + epsilon)
    }
  }
  expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
  expect(relativeError(await m.data<'float32'>(), exactM)).toBeLessThan(1e-6)
  expect(relativeError(await v.data<'float32'>(), exactV)).toBeLessThan(1e-6)
  tf.dispose([value, m, v])
  expect(tf.memory().numTensors).toBe(before)
})

test.each([true, false])('SGD in place equals the formula in float64; nesterov %s', async (nesterov) => {
  await tf.setBackend('wasm')
  const [learningRate, momentum] = [0.1, 0.9]
  const [value, velocity] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE])]
  const exact = Array.from(values(1, [SIZE]))
  const exactVelocity = new Float64Array(SIZE)
  for (let step = 0; step < 5; step++) {
    const g = values(step + 10, [SIZE])
    const gradient = tf.tensor1d(g)
    run('AudiotagSgd', { value, velocity, gradient }, { learningRate, momentum, nesterov })
    gradient.dispose()
    for (let i = 0; i < SIZE; i++) {
      exactVelocity[i] = momentum * exactVelocity[i] + g[i]
      exact[i] -= learningRate * (nesterov ? g[i] + momentum * exactVelocity[i] : exactVelocity[i])
    }
  }
  expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
  expect(relativeError(await velocity.data<'float32'>(), exactVelocity)).toBeLessThan(1e-6)
  tf.dispose([value, velocity])
})
