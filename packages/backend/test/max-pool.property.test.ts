import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'
import { outputAndGradient, pooling } from './pooling-cases.js'

beforeAll(startBoth)

describe('max pooling', () => {
  test('output and gradient are those of the cpu backend, ties included', async () => {
    await fc.assert(
      fc.asyncProperty(pooling, async ({ batch, channels, window, extra, strides, same, seed }) => {
        const shape: [number, number, number, number] = [batch, window[0] + extra[0], window[1] + extra[1], channels]
        const xs = values(seed, shape).map((value) => Math.round(value * 2)) // five levels: most windows have ties
        const run = outputAndGradient(xs, shape, window, strides, same ? 'same' : 'valid', seed + 1)
        expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-6)
      }),
      { numRuns: 80 },
    )
  }, 60_000)

  test.each([
    ['1 × 64', [2, 1, 640, 64], [1, 64]],
    ['5 × 3', [2, 50, 30, 4], [5, 3]],
    ['1 × 2', [2, 10, 11, 8], [1, 2]],
    ['the whole image', [3, 4, 5, 6], [4, 5]],
  ] as const)('a window of %s', async (_name, shape, window) => {
    const run = outputAndGradient(values(5, shape), shape, window, window, 'valid', 6)
    expect(worstError(await on('wasm', run), await on('cpu', run))).toBe(0)
  })

  test('all elements equal: the first of the window has the gradient', async () => {
    const [dx] = await on('wasm', () => [
      tf.grad((x) => tf.maxPool(x as tf.Tensor4D, [2, 2], 2, 'valid'))(tf.zeros([1, 4, 4, 5]), tf.ones([1, 2, 2, 5])),
    ])
    expect(Array.from({ length: 16 }, (_, i) => dx[i * 5])).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0])
  })
})
