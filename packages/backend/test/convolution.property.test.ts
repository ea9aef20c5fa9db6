import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'

beforeAll(startBoth)

type Pad = [[number, number], [number, number], [number, number], [number, number]]

/** Output, and both gradients where the output's gradient is a tenth of it. */
function outputAndGradients(
  xShape: readonly number[],
  filterShape: readonly number[],
  strides: readonly number[],
  pad: Pad | 'same',
  seed: number,
): () => tf.Tensor[] {
  const [xs, filters] = [values(seed, xShape), values(seed + 1, filterShape)]
  const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides as [number, number], pad)
  return () => {
    const [x, filter] = [tf.tensor(xs, [...xShape]), tf.tensor(filters, [...filterShape])]
    const y = f(x, filter)
    return [y, ...tf.grads(f)([x, filter], tf.mul(y, 0.1))]
  }
}

/** A dilated convolution, whose gradient tfjs-core refuses. */
function dilated(): tf.Tensor[] {
  const [x, filter] = [tf.tensor4d(values(1, [2, 9, 9, 3]), [2, 9, 9, 3]), tf.tensor4d(values(2, [3, 3, 3, 5]), [3, 3, 3, 5])]
  return [tf.conv2d(x, filter, 1, 'valid', 'NHWC', 2)]
}

const channels = fc.oneof(fc.integer({ min: 1, max: 67 }), fc.constantFrom(1, 4, 8, 12, 16))

const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    inputs: channels,
    outputs: channels,
    kernel: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })),
    extra: fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 }),
    seed: fc.integer(),
  })
  .map((drawn) => ({ ...drawn, size: drawn.kernel.map((k, i) => k + drawn.extra[i]) as [number, number] }))

describe('convolution', () => {
  test('output and both gradients are those of the cpu backend', async () => {
    await fc.assert(
      fc.asyncProperty(convolution, async ({ batch, inputs, outputs, kernel, size, strides, pads, seed }) => {
        const pad: Pad = [
          [0, 0],
          [pads[0], pads[1]],
          [pads[2], pads[3]],
          [0, 0],
        ]
        const run = outputAndGradients([batch, ...size, inputs], [...kernel, inputs, outputs], strides, pad, seed)
        expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  test.each([1, 2])(
    '3 × 3 kernels of many channels, which Winograd’s algorithm does; stride %i',
    async (stride) => {
      const wide = fc.record({
        batch: fc.integer({ min: 2, max: 4 }),
        inputs: fc.constantFrom(8, 16, 24, 40),
        outputs: fc.constantFrom(8, 16, 24),
        size: fc.tuple(fc.integer({ min: 7 * stride, max: 17 * stride }), fc.integer({ min: 7 * stride, max: 17 * stride })),
        pads: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 }),
        seed: fc.integer(),
      })
      await fc.assert(
        fc.asyncProperty(wide, async ({ batch, inputs, outputs, size, pads, seed }) => {
          const pad: Pad = [
            [0, 0],
            [pads[0], pads[1]],
            [pads[2], pads[3]],
            [0, 0],
          ]
          const run = outputAndGradients([batch, ...size, inputs], [3, 3, inputs, outputs], [stride, stride], pad, seed)
          expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
        }),
        { numRuns: 25 },
      )
    },
    60_000,
  )

  test.each([
    ['the first layer of EnvNet-v2', [2, 1, 700, 1], [1, 64, 1, 4], [1, 2]],
    ['the second', [2, 1, 300, 4], [1, 16, 4, 64], [1, 2]],
    ['a square kernel on one channel', [2, 64, 12, 1], [8, 8, 1, 4], [1, 1]],
    ['one output', [2, 9, 9, 8], [3, 3, 8, 1], [1, 1]],
    ['the stem of ResNet', [2, 33, 31, 1], [7, 7, 1, 8], [2, 2]],
    ['a projection with a stride', [2, 9, 8, 8], [1, 1, 8, 16], [2, 2]],
    ['a stride longer than the kernel', [1, 11, 11, 3], [2, 1, 3, 5], [3, 4]],
    ['a row longer than a block of the cache', [1, 1, 40_000, 2], [1, 5, 2, 3], [1, 1]],
    ['more weights than a block of the cache', [3, 12, 14, 96], [3, 3, 96, 128], [2, 1]],
    ['the same, by Winograd’s algorithm', [3, 12, 14, 96], [3, 3, 96, 128], [2, 2]],
  ] as const)('%s', async (_name, xShape, filterShape, strides) => {
    const run = outputAndGradients(xShape, filterShape, strides, 'same', 1)
    expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
  })

  test('dilation stays with the stock kernel', async () => {
    expect(worstError(await on('wasm', dilated), await on('cpu', dilated))).toBeLessThan(1e-5)
  })

  test('an infinity reaches only the pixels whose window holds it', async () => {
    const data = values(3, [1, 5, 7, 1])
    data[2 * 7 + 3] = Infinity
    const run = (): tf.Tensor[] => [tf.conv2d(tf.tensor4d(data, [1, 5, 7, 1]), tf.ones([3, 3, 1, 8]), 1, 'valid')]
    const [y] = await on('wasm', run)
    const hit = Array.from(y, (value) => value === Infinity)
    const [reference] = await on('cpu', run)
    expect(hit).toEqual(Array.from(reference, (value) => value === Infinity))
    expect(y.every((value) => !Number.isNaN(value))).toBe(true)
  })
})
