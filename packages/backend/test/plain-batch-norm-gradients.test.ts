import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'

beforeAll(startBoth)

const EPSILON = 1e-3

/** By operations whose gradients are TensorFlow.js's own. */
function composed(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPSILON))), scale), offset)
}

type Norm = typeof composed
const fused: Norm = (x, mean, variance, offset, scale) =>
  tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D, EPSILON)

/** Output and all gradients. */
function differentiated(norm: Norm, shape: number[], statistics: number[]): tf.Tensor[] {
  const xs = Array.from({ length: 5 }, (_, i) => {
    const own = i === 0 ? shape : statistics
    const numbers = tf.tensor(values(i + 1, own), own)
    return i === 2 ? tf.square(numbers) : numbers // a variance
  })
  const f = (...given: tf.Tensor[]): tf.Tensor => norm(given[0], given[1], given[2], given[3], given[4])
  const y = f(...xs)
  return [y, ...tf.grads(f)(xs, tf.tensor(values(9, y.shape), y.shape))]
}

test.each([
  [[3, 5, 4, 7], [7]],
  [[9, 7], [7]],
  [[3, 5, 7], [7]],
  [
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ],
])('batch norm of %j by statistics of %j: the gradients of the formula', async (shape, statistics) => {
  for (const backend of ['wasm', 'cpu'] as const) {
    const actual = await on(backend, () => differentiated(fused, shape, statistics))
    expect(worstError(actual, await on(backend, () => differentiated(composed, shape, statistics)))).toBeLessThan(1e-5)
  }
})

/** Gradients of a batch norm that takes its own statistics. */
function trained(norm: Norm, mean: (x: tf.Tensor) => tf.Tensor): tf.Tensor[] {
  const f = (x: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor): tf.Tensor => {
    const center = mean(x)
    return norm(x, center, mean(tf.square(tf.sub(x, center))), offset, scale)
  }
  const xs = [tf.tensor(values(1, [4, 6, 5, 8]), [4, 6, 5, 8]), tf.tensor(values(2, [8]), [8]), tf.tensor(values(4, [8]), [8])]
  return tf.grads(f)(xs, tf.tensor(values(3, [4, 6, 5, 8]), [4, 6, 5, 8]))
}

test('batch norm as tf.layers trains it, through mean and variance too', async () => {
  const actual = await on('wasm', () => trained(fused, (x) => tf.mean(x, [0, 1, 2])))
  const expected = await on('cpu', () => trained(composed, (x) => tf.div(tf.sum(x, [0, 1, 2]), 120)))
  expect(worstError(actual, expected)).toBeLessThan(1e-5)
})

test.each([[[6]], [[2, 3]], [[2, 3, 4, 5]], [[2, 1, 3, 2, 2]]])('the mean of %j: its gradient, and the gradient of that', async (shape) => {
  for (const axes of [undefined, [0], [shape.length - 1]]) {
    const count = axes ? shape[axes[0]] : shape.reduce((product, size) => product * size)
    const twice = (mean: (x: tf.Tensor) => tf.Tensor): (() => tf.Tensor[]) => {
      const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(mean(tf.square(x))))
      return () => {
        const x = tf.tensor(values(1, shape), shape)
        return [tf.grad(f)(x), tf.grad((x) => tf.sum(tf.square(tf.grad(f)(x))))(x)]
      }
    }
    const actual = await on(
      'wasm',
      twice((x) => tf.mean(x, axes)),
    )
    expect(
      worstError(
        actual,
        await on(
          'cpu',
          twice((x) => tf.div(tf.sum(x, axes), count)),
        ),
      ),
    ).toBeLessThan(1e-5)
  }
  expect([...(await on('wasm', () => [tf.grad((x) => tf.mean(x, [0]))(tf.ones([0, 3]))]))[0]]).toEqual([])
})
