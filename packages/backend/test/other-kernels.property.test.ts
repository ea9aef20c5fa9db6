import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'

beforeAll(startBoth)

const small = fc.integer({ min: 1, max: 4 })

test('depthwise convolution: output and both gradients', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        batch: small,
        channels: fc.integer({ min: 1, max: 13 }),
        multiplier: fc.constantFrom(1, 1, 2, 3),
        kernel: fc.tuple(small, small),
        extra: fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 })),
        stride: fc.integer({ min: 1, max: 3 }),
        pad: fc.constantFrom('same' as const, 'valid' as const),
        seed: fc.integer(),
      }),
      async ({ batch, channels, multiplier, kernel, extra, stride: drawn, pad, seed }) => {
        // The stock forward kernel gives zeros where a stride passes the kernel under 'same'.
        const stride = Math.min(drawn, ...kernel)
        const xShape = [batch, kernel[0] + extra[0], kernel[1] + extra[1], channels]
        const filterShape = [...kernel, channels, multiplier]
        const [xs, filters] = [values(seed, xShape), values(seed + 1, filterShape)]
        const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad)
        const run = (): tf.Tensor[] => {
          const [x, filter] = [tf.tensor(xs, xShape), tf.tensor(filters, filterShape)]
          const y = f(x, filter)
          return [y, ...tf.grads(f)([x, filter], tf.mul(y, 0.1))]
        }
        expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

test('tile, sums and means over any axes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        shape: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
        reps: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 }),
        axes: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
        keepDims: fc.boolean(),
        seed: fc.integer(),
      }),
      async ({ shape, reps, axes, keepDims, seed }) => {
        const xs = values(seed, shape).map(Math.abs) // where terms cancel, the rest is rounding
        const own = axes.filter((axis) => axis < shape.length)
        const run = (): tf.Tensor[] => {
          const x = tf.tensor(xs, shape)
          const empty = xs.length === 0
          const over = own.length > 0 ? own : [0]
          return [tf.tile(x, reps.slice(0, shape.length)), tf.sum(x, over, keepDims), ...(empty ? [] : [tf.mean(x, over, keepDims)])]
        }
        expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
      },
    ),
    { numRuns: 200 },
  )
}, 60_000)

test('sums of many rows are those of float64', async () => {
  const shape = [3, 700, 37]
  const xs = values(1, shape)
  const exact = Array.from({ length: 3 * 37 }, (_, i) => {
    let sum = 0
    for (let row = 0; row < 700; row++) sum += xs[(Math.floor(i / 37) * 700 + row) * 37 + (i % 37)]
    return sum
  })
  const [sums, means] = await on('wasm', () => [tf.sum(tf.tensor(xs, shape), 1), tf.mean(tf.tensor(xs, shape), 1)])
  expect(worstError([sums], [exact])).toBeLessThan(1e-6)
  expect(worstError([means], [exact.map((sum) => sum / 700)])).toBeLessThan(1e-6)
})

test('a cast to the type that a tensor has is of the same numbers and no copy of them', async () => {
  await tf.setBackend('wasm')
  const x = tf.tensor1d([1.5, -2])
  const y = tf.engine().runKernel('Cast', { x }, { dtype: 'float32' }) as tf.Tensor
  expect(y.dataId).toBe(x.dataId)
  x.dispose()
  expect([...(await y.data())]).toEqual([1.5, -2])
  expect([...(await tf.cast(y, 'int32').data())]).toEqual([1, -2])
  y.dispose()
})

const transposedConvolution = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
  tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 11, 9, 5], [2, 2], 'same')

function transposedOutputAndGradients(): tf.Tensor[] {
  const [x, filter] = [tf.tensor(values(1, [2, 6, 5, 7]), [2, 6, 5, 7]), tf.tensor(values(2, [3, 3, 5, 7]), [3, 3, 5, 7])]
  const y = transposedConvolution(x, filter)
  return [y, ...tf.grads(transposedConvolution)([x, filter], tf.mul(y, 0.1))]
}

test('transposed convolution: output and both gradients', async () => {
  const error = worstError(await on('wasm', transposedOutputAndGradients), await on('cpu', transposedOutputAndGradients))
  expect(error).toBeLessThan(1e-5)
})

function segmentSums(): tf.Tensor[] {
  const indices = tf.tensor1d([3, 0, 3, 1, 3], 'int32')
  const x = tf.tensor(values(1, [5, 7]), [5, 7])
  return [
    tf.grad((rows) => tf.gather(rows, indices))(x, tf.tensor(values(2, [5, 7]), [5, 7])),
    tf.unsortedSegmentSum(x, tf.tensor1d([0, 2, 0, 5, -1], 'int32'), 3),
  ]
}

test('the gradient of gather, and sums by segment with ids outside', async () => {
  expect(worstError(await on('wasm', segmentSums), await on('cpu', segmentSums))).toBeLessThan(1e-6)
})

test.each(['linear', 'relu', 'relu6', 'sigmoid', 'elu', 'leakyrelu', 'prelu'] as const)(
  'fused convolution and dense layer with %s',
  async (activation) => {
    const run = (): tf.Tensor[] => {
      const x = tf.tensor4d(values(1, [2, 7, 8, 3]), [2, 7, 8, 3])
      const filter = tf.tensor4d(values(2, [3, 3, 3, 10]), [3, 3, 3, 10])
      const bias = tf.tensor1d(values(3, [10]))
      const [a, b] = [tf.tensor2d(values(4, [7, 11]), [7, 11]), tf.tensor2d(values(5, [11, 10]), [11, 10])]
      const preluActivationWeights = tf.tensor1d(values(6, [10]))
      const extras = {
        activation,
        ...(activation === 'prelu' && { preluActivationWeights }),
        ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.3 }),
      }
      return [
        tf.fused.conv2d({ x, filter, bias, ...extras, strides: 1, pad: 'same' }),
        tf.fused.conv2d({ x, filter, ...extras, strides: 2, pad: 'valid' }),
        tf.fused.matMul({ a, b, bias, ...extras }),
        tf.fused.matMul({ a: tf.transpose(a), b, bias, ...extras, transposeA: true }),
        tf.fused.matMul({ a, b: tf.transpose(b), ...extras, transposeB: true }),
      ]
    }
    expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
  },
)

test('Identity shares memory without sharing fate', async () => {
  await tf.setBackend('wasm')
  const before = tf.memory()
  const x = tf.tensor1d([1, 2, 3])
  const y = tf.clone(x)
  x.dispose()
  expect(Array.from(await y.data())).toEqual([1, 2, 3])
  const variable = tf.variable(y)
  variable.assign(tf.tensor1d([4, 5, 6]))
  expect(Array.from(await y.data())).toEqual([1, 2, 3])
  tf.dispose([y, variable])
  expect(tf.memory().numTensors).toBe(before.numTensors + 1) // the tensor that was assigned
})
