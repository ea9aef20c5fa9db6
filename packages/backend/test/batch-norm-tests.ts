import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { on, values, worstError } from './compare.js'

const EPSILON = 1e-5

const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor[] =>
  tf.engine().runKernel(name, inputs, attributes as never)

/** Batch norms over shapes. At least 16 pixels: with two or three the gradient by x is rounding and nothing else. */
const normOver = (pixels: fc.Arbitrary<number>, channels: fc.Arbitrary<number>) =>
  fc.record({
    shape: fc.tuple(fc.integer({ min: 1, max: 4 }), pixels, pixels, channels),
    relu: fc.boolean(),
    residual: fc.boolean(),
    seed: fc.integer(),
  })

/** By operations of TensorFlow.js alone: y, mean, variance. */
function composed(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, residual: tf.Tensor | undefined, relu: boolean): tf.Tensor[] {
  const mean = tf.mean(x, [0, 1, 2])
  const centred = tf.sub(x, mean)
  const variance = tf.mean(tf.square(centred), [0, 1, 2])
  const normalised = tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON))), gamma), beta)
  const sum = residual ? tf.add(normalised, residual) : normalised
  return [relu ? tf.relu(sum) : sum, mean, variance]
}

/** What the batch norm kernels of a backend must do; `largest`: rows and columns of an image. */
export function batchNormTests(
  backend: 'wasm' | 'webgpu',
  { largest, channels, runs }: { largest: number; channels: fc.Arbitrary<number>; runs: { forward: number; affine: number } },
): void {
  const norm = normOver(fc.integer({ min: 4, max: largest }), channels)

  test('forward and gradient are those of the composition on cpu', async () => {
    await fc.assert(
      fc.asyncProperty(norm, async ({ shape, relu, residual, seed }) => {
        const channels = shape[3]
        const xs = values(seed, shape).map((value) => value * 3 + 1)
        const inputs = (): tf.Tensor[] => [
          tf.tensor4d(xs, shape),
          tf.tensor1d(values(seed + 1, [channels])),
          tf.tensor1d(values(seed + 2, [channels])),
          ...(residual ? [tf.tensor4d(values(seed + 3, shape), shape)] : []),
        ]
        const dys = values(seed + 4, shape)
        const expected = await on('cpu', () => {
          const f = (...[x, gamma, beta, add]: tf.Tensor[]): tf.Tensor => composed(x, gamma, beta, add, relu)[0]
          const given = inputs()
          return [...composed(given[0], given[1], given[2], given[3], relu), ...tf.grads(f)(given, tf.tensor4d(dys, shape))]
        })
        const actual = await on(backend, () => {
          const [x, gamma, beta, add] = inputs()
          const [y, mean, variance] = kernel(
            'AudiotagBatchNorm',
            { x, gamma, beta, ...(add && { residual: add }) },
            { epsilon: EPSILON, relu },
          )
          const dy = tf.tensor4d(dys, shape)
          return [
            y,
            mean,
            variance,
            ...kernel('AudiotagBatchNormGrad', { dy, x, y, gamma, mean, variance }, { epsilon: EPSILON, relu, residual }),
          ]
        })
        expect(worstError(actual, expected)).toBeLessThan(2e-4)
      }),
      { numRuns: runs.forward },
    )
  }, 120_000)

  test('the variance of values far from zero', async () => {
    const xs = values(1, [4, 16, 16, 6]).map((value) => value + 1000)
    const [, mean, variance] = await on(backend, () =>
      kernel(
        'AudiotagBatchNorm',
        { x: tf.tensor4d(xs, [4, 16, 16, 6]), gamma: tf.ones([6]), beta: tf.zeros([6]) },
        { epsilon: EPSILON, relu: false },
      ),
    )
    for (let channel = 0; channel < 6; channel++) {
      const column = Array.from(xs).filter((_, i) => i % 6 === channel)
      const exactMean = column.reduce((sum, value) => sum + value, 0) / column.length
      const exact = column.reduce((sum, value) => sum + (value - exactMean) ** 2, 0) / column.length
      expect(Math.abs(mean[channel] - exactMean)).toBeLessThan(1e-4)
      expect(Math.abs(variance[channel] / exact - 1)).toBeLessThan(1e-5)
    }
  }, 60_000)

  test('affine is x · scale + shift, with residual and ReLU', async () => {
    await fc.assert(
      fc.asyncProperty(norm, async ({ shape, relu, residual, seed }) => {
        const given = (): tf.Tensor[] => [
          tf.tensor4d(values(seed, shape), shape),
          tf.tensor1d(values(seed + 1, [shape[3]])),
          tf.tensor1d(values(seed + 2, [shape[3]])),
          tf.tensor4d(values(seed + 3, shape), shape),
        ]
        const expected = await on('cpu', () => {
          const [x, scale, shift, add] = given()
          const sum = residual ? tf.add(tf.add(tf.mul(x, scale), shift), add) : tf.add(tf.mul(x, scale), shift)
          return [relu ? tf.relu(sum) : sum]
        })
        const actual = await on(backend, () => {
          const [x, scale, shift, add] = given()
          return kernel('AudiotagAffine', { x, scale, shift, ...(residual && { residual: add }) }, { relu })
        })
        expect(worstError(actual, expected)).toBeLessThan(1e-6)
      }),
      { numRuns: runs.affine },
    )
  }, 120_000)
}
