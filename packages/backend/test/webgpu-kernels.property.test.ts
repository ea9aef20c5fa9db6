import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { batchNormTests } from './batch-norm-tests.js'
import { on, relativeError, values, worstError } from './compare.js'
import { describeWebGpu } from './describe-web-gpu.js'
import { outputAndGradient, pooling } from './pooling-cases.js'

const kernel = (name: string, inputs: object, attributes: object = {}): tf.Tensor[] =>
  [tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attributes as never)].flat() as tf.Tensor[]

type Pad = [[number, number], [number, number], [number, number], [number, number]]

const pads = ([top, bottom, left, right]: readonly number[]): Pad => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
]

/** Output, and both gradients where the output's gradient is a tenth of it. */
function convolved(
  xShape: readonly number[],
  filterShape: readonly number[],
  strides: readonly number[],
  pad: Pad | 'same' | 'valid',
): () => tf.Tensor[] {
  const [xs, filters] = [values(1, xShape), values(2, filterShape)]
  const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides as [number, number], pad)
  return () => {
    const [x, filter] = [tf.tensor(xs, [...xShape]), tf.tensor(filters, [...filterShape])]
    const y = f(x, filter)
    return [y, ...tf.grads(f)([x, filter], tf.mul(y, 0.1))]
  }
}

// Few runs: SwiftShader takes seconds to compile the programs of a shape.
describeWebGpu('convolution', () => {
  test.each([
    ['ResNet’s stem', [2, 33, 31, 1], [7, 7, 1, 8], [2, 2], pads([3, 3, 3, 3])],
    ['3 × 3, many tiles', [2, 20, 21, 16], [3, 3, 16, 32], [1, 1], pads([1, 1, 1, 1])],
    ['3 × 3 with a stride', [2, 9, 8, 12], [3, 3, 12, 20], [2, 2], pads([1, 1, 1, 1])],
    ['a projection with a stride', [2, 9, 8, 8], [1, 1, 8, 16], [2, 2], 'valid'],
    ['a long sum, which is split', [1, 5, 6, 64], [3, 3, 64, 68], [1, 1], 'same'],
    ['EnvNet’s first', [2, 1, 700, 1], [1, 64, 1, 4], [1, 2], 'valid'],
    ['EnvNet’s second', [2, 1, 300, 4], [1, 16, 4, 64], [1, 2], 'valid'],
    ['EnvNet’s third', [2, 64, 12, 1], [8, 8, 1, 4], [1, 1], 'valid'],
    ['1 × 4', [2, 3, 20, 8], [1, 4, 8, 8], [1, 1], 'valid'],
    ['channels that are no multiple of 4', [2, 7, 6, 3], [3, 2, 3, 5], [1, 1], 'same'],
    ['a stride longer than the kernel', [1, 11, 11, 3], [2, 1, 3, 5], [3, 4], 'same'],
  ] as const)(
    '%s: output and both gradients are those of cpu',
    async (_name, xShape, filterShape, strides, pad) => {
      const run = convolved(xShape, filterShape, strides, pad as Pad)
      expect(worstError(await on('webgpu', run), await on('cpu', run))).toBeLessThan(1e-5)
    },
    120_000,
  )

  // Many pixels: only they make tiles that keep a large device busy.
  test.each([
    ['128 × 64', [1, 129, 161, 8], [3, 3, 8, 68]],
    ['128 × 128', [1, 129, 161, 4], [3, 3, 4, 132]],
    ['channels that are no multiple of 4', [1, 160, 129, 5], [2, 2, 5, 133]],
  ] as const)('large tiles: %s', async (_name, xShape, filterShape) => {
    const run = (): tf.Tensor[] => [
      tf.conv2d(tf.tensor4d(values(1, xShape), [...xShape]), tf.tensor4d(values(2, filterShape), [...filterShape]), 1, 'same'),
    ]
    expect(worstError(await on('webgpu', run), await on('cpu', run))).toBeLessThan(1e-5)
  })

  test('large tiles of weight gradients', async () => {
    const filterShape: [number, number, number, number] = [3, 3, 16, 64]
    const [x, dy] = [values(1, [1, 230, 180, 16]), values(2, [230, 180, 1, 64])]
    const run = (): tf.Tensor[] =>
      kernel(
        'Conv2DBackpropFilter',
        { x: tf.tensor(x, [1, 230, 180, 16]), dy: tf.tensor(dy, [1, 230, 180, 64]) },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape },
      )
    // The same sums as a convolution, which cpu computes 40 times faster.
    const convolution = (): tf.Tensor[] => {
      const clips = tf.transpose(tf.tensor4d(x, [1, 230, 180, 16]), [3, 1, 2, 0])
      return [tf.transpose(tf.conv2d(clips, tf.tensor4d(dy, [230, 180, 1, 64]), 1, pads([1, 1, 1, 1])), [1, 2, 0, 3])]
    }
    expect(worstError(await on('webgpu', run), await on('cpu', convolution))).toBeLessThan(1e-5)
  })

  test('any padding, stride and size', async () => {
    const drawn = fc.record({
      size: fc.tuple(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 })),
      // Layers of the programs that exist already: sizes and padding are not part of them.
      layer: fc.constantFrom<[number[], number[]]>(
        [
          [3, 3, 4, 4],
          [2, 2],
        ],
        [
          [3, 2, 3, 2],
          [2, 1],
        ],
      ),
      pad: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ size, layer: [filter, strides], pad }) => {
        const run = convolved([2, ...size, filter[2]], filter, strides, pads(pad))
        expect(worstError(await on('webgpu', run), await on('cpu', run))).toBeLessThan(1e-5)
      }),
      { numRuns: 30 },
    )
  }, 120_000)

  test('the same numbers twice have the same bits', async () => {
    const run = convolved([2, 20, 21, 16], [3, 3, 16, 32], [1, 1], pads([1, 1, 1, 1]))
    expect(await on('webgpu', run)).toEqual(await on('webgpu', run))
  }, 60_000)
})

describeWebGpu('batch norm', () => {
  const channels = fc.oneof(fc.integer({ min: 1, max: 67 }), fc.constantFrom(8, 64, 128))
  batchNormTests('webgpu', { largest: 19, channels, runs: { forward: 40, affine: 25 } })
})

describeWebGpu('max pooling', () => {
  test('output and gradient are those of cpu, ties included', async () => {
    await fc.assert(
      fc.asyncProperty(pooling, async ({ batch, channels, window, extra, strides, same, seed }) => {
        const shape: [number, number, number, number] = [batch, window[0] + extra[0], window[1] + extra[1], channels]
        const xs = values(seed, shape).map((value) => Math.round(value * 2)) // five levels: most windows have ties
        const run = outputAndGradient(xs, shape, window, strides, same ? 'same' : 'valid', seed + 1)
        expect(worstError(await on('webgpu', run), await on('cpu', run))).toBeLessThan(1e-6)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

describeWebGpu('what is not a number', () => {
  test.each([1, 4])(
    'comes through ReLU, batch norm, affine and dropout, of either sign, and max pooling leaves it out; %i channels',
    async (channels) => {
      const shape: [number, number, number, number] = [1, 2, 3, channels]
      const numbers = new Float32Array(6 * channels).fill(-1)
      const bits = new Uint32Array(numbers.buffer)
      ;[bits[channels], bits[2 * channels]] = [0x7fc00000, 0xffc00000]
      const [ones, zeros] = [tf.ones([channels]), tf.zeros([channels])]
      const x = tf.tensor4d(numbers, shape)
      const found = tf.tidy(() => {
        const [normed, mean, variance] = kernel('AudiotagBatchNorm', { x, gamma: ones, beta: zeros }, { epsilon: 1e-5, relu: true })
        return {
          relu: tf.relu(x),
          affine: kernel('AudiotagAffine', { x, scale: ones, shift: zeros }, { relu: true })[0],
          dropout: tf.engine().runKernel<tf.Tensor>('AudiotagDropout', { x, mask: tf.onesLike(x) }),
          normed: tf.slice(normed, [0, 0, 0, 0], [1, 1, 1, 1]),
          mean: tf.slice(mean, 0, 1),
          variance: tf.slice(variance, 0, 1),
          pooled: tf.slice(tf.maxPool(x, [1, 2], 1, 'valid'), [0, 0, 0, 0], [1, 2, 2, 1]),
        }
      })
      const here = [0, NaN, NaN, 0, 0, 0]
      const everywhere = [NaN]
      for (const [name, expected] of Object.entries({
        relu: here,
        affine: here,
        dropout: here,
        normed: everywhere,
        mean: everywhere,
        variance: everywhere,
      })) {
        const all = await found[name as keyof typeof found].data()
        expect([name, ...all.filter((_, i) => i % channels === 0)]).toEqual([name, ...expected])
      }
      expect([...(await found.pooled.data())]).toEqual([-1, NaN, -1, -1])
      tf.dispose([x, ones, zeros, found])
    },
    60_000,
  )
})

/** The squared norm of gradients, which are disposed. */
const squared = async (gradients: tf.Tensor[]): Promise<number> => {
  const [output] = kernel('AudiotagGradientNorm', { gradients })
  const [square] = await output.data()
  tf.dispose([output, gradients])
  return square
}

describeWebGpu('updates', () => {
  const shapes: readonly (readonly number[])[] = [[], [3], [8], [5, 7], [3, 3, 64, 65], [1025], [2]]
  const tensors = (seed: number): tf.Tensor[] => shapes.map((shape, i) => tf.tensor(values(seed + i, shape), [...shape]))

  test.each([true, false])(
    'Adam and SGD (Nesterov: %s) in one call are the formulas in float64',
    async (nesterov) => {
      await tf.setBackend('webgpu')
      const attributes = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum: 0.9, nesterov }
      const before = tf.memory().numTensors
      const lists = {
        values: tensors(10),
        m: tensors(20),
        v: tensors(30).map((x) => tf.tidy(() => [tf.abs(x), x.dispose()][0] as tf.Tensor)),
      }
      const sgd = { values: tensors(10), velocities: tensors(20) }
      const exact = shapes.map((shape, i) => ({
        x: Float64Array.from(values(10 + i, shape)),
        m: Float64Array.from(values(20 + i, shape)),
        v: Float64Array.from(values(30 + i, shape), Math.abs),
        y: Float64Array.from(values(10 + i, shape)),
        w: Float64Array.from(values(20 + i, shape)),
      }))
      for (let step = 1; step <= 3; step++) {
        const gradients = tensors(30 + 10 * step)
        const [correction1, correction2] = [1 - 0.9 ** step, 1 - 0.999 ** step]
        kernel('AudiotagAdamAll', { ...lists, gradients }, { ...attributes, correction1, correction2 })
        kernel('AudiotagSgdAll', { ...sgd, gradients }, attributes)
        for (const [i, { x, m, v, y, w }] of exact.entries()) {
          for (const [at, g] of values(30 + 10 * step + i, shapes[i]).entries()) {
            m[at] = 0.9 * m[at] + 0.1 * g
            v[at] = 0.999 * v[at] + 0.001 * g * g
            x[at] -= ((1e-2 / correction1) * m[at]) / (Math.sqrt(v[at] / correction2) + 1e-8)
            w[at] = 0.9 * w[at] + g
            y[at] -= 1e-2 * (nesterov ? g + 0.9 * w[at] : w[at])
          }
        }
        tf.dispose(gradients)
      }
      for (const [i, { x, m, v, y, w }] of exact.entries()) {
        const pairs: [tf.Tensor, Float64Array][] = [
          [lists.values[i], x],
          [lists.m[i], m],
          [lists.v[i], v],
          [sgd.values[i], y],
          [sgd.velocities[i], w],
        ]
        // WGSL's root and division may miss by 2.5 units of the last place, three times.
        for (const [actual, wanted] of pairs) expect(relativeError(await actual.data<'float32'>(), wanted)).toBeLessThan(2e-6)
      }
      tf.dispose([lists, sgd])
      expect(tf.memory().numTensors).toBe(before)
    },
    60_000,
  )

  test('the squared norm of all gradients; what is not finite shows', async () => {
    await tf.setBackend('webgpu')
    const exact = shapes.flatMap((shape, i) => [...values(50 + i, shape)]).reduce((sum, g) => sum + g * g, 0)
    expect(Math.abs((await squared(tensors(50))) / exact - 1)).toBeLessThan(1e-6)
    expect(await squared([])).toBe(0)
    expect(await squared([tf.tensor1d([3]), tf.tensor1d([1, 4, 5, 6, NaN])])).toBeNaN()
    expect(await squared([tf.tensor1d([3]), tf.tensor1d([1, -Infinity])])).toBe(Infinity)
  }, 60_000)

  test('lists that do not fit each other are refused before anything changes', async () => {
    await tf.setBackend('webgpu')
    const [value, m, gradient, short] = [tf.ones([3]), tf.zeros([3]), tf.ones([3]), tf.ones([2])]
    for (const lists of [
      { values: [value], velocities: [m], gradients: [short] },
      { values: [value], velocities: [m, m], gradients: [gradient] },
    ]) {
      expect(() => kernel('AudiotagSgdAll', lists, { learningRate: 1, momentum: 0.9, nesterov: true })).toThrow(
        expect.objectContaining({ code: 'shape', message: expect.stringContaining('AudiotagSgdAll: tensor') }),
      )
    }
    expect(Array.from(await value.data())).toEqual([1, 1, 1])
    tf.dispose([value, m, gradient, short])
  })
})

describeWebGpu('heads and splits', () => {
  test('ReLU with dropout, both ways', async () => {
    const shape = [5, 7]
    const run = (): tf.Tensor[] => {
      const [x, dy] = [1, 2].map((seed) => tf.tensor(values(seed, shape), shape))
      const mask = tf.tensor(
        values(3, shape).map((value) => (value > 0 ? 2 : 0)),
        shape,
      )
      if (tf.getBackend() === 'cpu') {
        const y = tf.mul(tf.relu(x), mask)
        return [y, tf.mul(tf.mul(dy, mask), tf.step(y))]
      }
      const [y] = kernel('AudiotagDropout', { x, mask })
      return [y, ...kernel('AudiotagDropoutGrad', { dy, mask, y })]
    }
    expect(worstError(await on('webgpu', run), await on('cpu', run))).toBe(0)
  }, 60_000)

  test('many pieces of a vector, and rows of a matrix', async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => (i % 7) + 1)
    const length = sizes.reduce((sum, n) => sum + n, 0)
    const run = (): tf.Tensor[] => [
      ...tf.split(tf.tensor1d(values(1, [length])), sizes),
      ...tf.split(tf.tensor2d(values(2, [6, 4]), [6, 4]), 3, 0),
      ...tf.split(tf.tensor2d(values(2, [6, 4]), [6, 4]), 2, 1),
    ]
    expect(worstError(await on('webgpu', run), await on('cpu', run))).toBe(0)
  }, 60_000)
})
