import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'

beforeAll(startBoth)

const small = fc.integer({ min: 1, max: 4 })

/** Largest error of wasm against cpu; also that no memory of tensors is left behind. */
async function errorOf(run: () => tf.Tensor[]): Promise<number> {
  const expected = await on('cpu', run)
  await tf.setBackend('wasm')
  const before = tf.backend().numDataIds()
  const actual = await on('wasm', run)
  expect(tf.backend().numDataIds()).toBe(before)
  return worstError(actual, expected)
}

test('einsum of two tensors with any labels', async () => {
  const label = fc.constantFrom('a', 'b', 'c', 'd')
  const labels = fc.uniqueArray(label, { minLength: 0, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(
      labels,
      labels,
      fc.uniqueArray(label, { maxLength: 4 }),
      fc.tuple(small, small, small, small),
      fc.integer(),
      testEinsum,
    ),
    { numRuns: 150 },
  )
}, 60_000)

async function testEinsum(left: string[], right: string[], wanted: string[], sizes: number[], seed: number): Promise<void> {
  const output = wanted.filter((label) => left.includes(label) || right.includes(label))
  const shapeOf = (labels: string[]): number[] => labels.map((label) => sizes['abcd'.indexOf(label)])
  const equation = `${left.join('')},${right.join('')}->${output.join('')}`
  // Eighths: all products and sums are exact.
  const eighths = (shape: number[], i: number): Float32Array => values(seed + i, shape).map((value) => Math.round(value * 8) / 8)
  const terms = [left, right].map((labels, i) => ({ labels, shape: shapeOf(labels), data: eighths(shapeOf(labels), i) }))
  const actual = await on('wasm', () => {
    const [a, b] = terms.map(({ data, shape }) => tf.tensor(data, shape))
    const y = tf.einsum(equation, a, b)
    expect(y.shape).toEqual(shapeOf(output))
    return [y]
  })
  // All axes side by side; cpu's own einsum is wrong where both operands have axes that nothing else has.
  const expected = await on('cpu', () => {
    const [a, b] = terms.map(({ labels, data, shape }) => {
      const order = [...labels].sort()
      const sorted = tf.transpose(
        tf.tensor(data, shape),
        order.map((label) => labels.indexOf(label)),
      )
      return tf.reshape(
        sorted,
        ['a', 'b', 'c', 'd'].map((label) => (labels.includes(label) ? shapeOf([label])[0] : 1)),
      )
    })
    const summed = [0, 1, 2, 3].filter((axis) => !output.includes('abcd'[axis]))
    const order = [...output].sort()
    return [
      tf.transpose(
        tf.sum(tf.mul(a, b), summed),
        output.map((label) => order.indexOf(label)),
      ),
    ]
  })
  expect(worstError(actual, expected)).toBe(0)
}

test('Fourier transforms of any size, there and back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 70 }), small, fc.integer(), async (size, rows, seed) => {
      const shape = [rows, size]
      const [real, imag] = [values(seed, shape), values(seed + 1, shape)]
      const run = (): tf.Tensor[] => {
        const x = tf.complex(tf.tensor(real, shape), tf.tensor(imag, shape))
        const spectrum = tf.fft(x)
        const back = tf.ifft(spectrum)
        return [tf.real(spectrum), tf.imag(spectrum), tf.real(back), tf.imag(back)]
      }
      expect(await errorOf(run)).toBeLessThan(3e-5)
      const [, , backReal, backImag] = await on('wasm', run)
      expect(worstError([backReal, backImag], [real, imag])).toBeLessThan(3e-5)
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('a large prime size keeps float32 accuracy', async () => {
  await tf.setBackend('wasm')
  const size = 10_007
  const real = values(1, [size])
  const run = (): tf.Tensor[] => [tf.real(tf.ifft(tf.fft(tf.complex(tf.tensor(real), tf.zeros([size])))))]
  expect(worstError(await on('wasm', run), [real])).toBeLessThan(1e-6)
})

const complexOperations: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor | tf.Tensor[]> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  concat: (a, b) => tf.concat([a, b], 0),
  stack: (a, b) => tf.stack([a, b], 1),
  transpose: (a) => tf.transpose(a),
  reshape: (a) => tf.reshape(a, [3, 2]),
  clone: (a) => tf.clone(a),
  zeros: (a) => tf.zerosLike(a),
  ones: (a) => tf.onesLike(a),
  real: (a) => tf.cast(a, 'float32'),
  fromReal: (a) => tf.cast(tf.real(a), 'complex64'),
  abs: (a) => tf.abs(a),
  spectrum: (a) => tf.signal.stft(tf.reshape(tf.real(a), [6]) as tf.Tensor1D, 4, 1),
}

test.each(Object.keys(complexOperations))('complex %s', async (name) => {
  const run = (): tf.Tensor[] => {
    const [a, b] = [1, 3].map((seed) => tf.complex(tf.tensor(values(seed, [2, 3]), [2, 3]), tf.tensor(values(seed + 1, [2, 3]), [2, 3])))
    const result = complexOperations[name](a, b)
    return Array.isArray(result) ? result : [result]
  }
  expect(await errorOf(run)).toBeLessThan(1e-6)
})

// cpu has none of these for complex numbers.
const byParts: Record<string, (x: tf.Tensor) => tf.Tensor | tf.Tensor[]> = {
  unstack: (x) => tf.unstack(x),
  split: (x) => tf.split(x, [1, 2], 1),
  slice: (x) => tf.slice(x, [1, 0], [1, 2]),
  stridedSlice: (x) => tf.stridedSlice(x, [0, 0], [2, 3], [1, 2]),
  gather: (x) => tf.gather(x, [2, 0], 1),
  reverse: (x) => tf.reverse(x, 1),
  tile: (x) => tf.tile(x, [1, 2]),
  pad: (x) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
    ]),
  neg: (x) => tf.neg(x),
  sum: (x) => tf.sum(x, 1),
}

test.each(Object.keys(byParts))('complex %s is that of both parts', async (name) => {
  await tf.setBackend('wasm')
  const parts = [1, 2].map((seed) => values(seed, [2, 3]))
  const actual = await on('wasm', () => {
    const [real, imag] = parts.map((part) => tf.tensor(part, [2, 3]))
    return [byParts[name](tf.complex(real, imag))].flat().flatMap((y) => [tf.real(y), tf.imag(y)])
  })
  const expected = await on('cpu', () => {
    const [real, imag] = parts.map((part) => [byParts[name](tf.tensor(part, [2, 3]))].flat())
    return real.flatMap((y, i) => [y, imag[i]])
  })
  expect(actual).toEqual(expected)
})

test('a part of a complex tensor outlives it', async () => {
  await tf.setBackend('wasm')
  const x = tf.complex(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]))
  const imag = tf.imag(x)
  const copy = tf.clone(x)
  x.dispose()
  expect(await copy.data()).toEqual(Float32Array.of(1, 3, 2, 4))
  copy.dispose()
  expect(await imag.data()).toEqual(Float32Array.of(3, 4))
  imag.dispose()
})

test('channels first: convolution and its gradients, plain and fused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        batch: small,
        channels: small,
        outputs: small,
        extra: small,
        kernel: small,
        stride: fc.integer({ min: 1, max: 2 }),
        pad: fc.constantFrom(
          'same' as const,
          'valid' as const,
          [
            [0, 0],
            [0, 0],
            [1, 0],
            [0, 2],
          ] as tf.backend_util.ExplicitPadding,
        ),
        seed: fc.integer(),
      }),
      async ({ batch, channels, outputs, extra, kernel, stride, pad, seed }) => {
        const xShape = [batch, channels, kernel + extra, kernel + 1]
        const filterShape = [kernel, kernel, channels, outputs]
        const [xs, filters] = [values(seed, xShape), values(seed + 1, filterShape)]
        const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad, 'NCHW')
        const run = (): tf.Tensor[] => {
          const [x, filter] = [tf.tensor(xs, xShape), tf.tensor(filters, filterShape)]
          const y = f(x, filter)
          const fused = tf.fused.conv2d({
            x: x as tf.Tensor4D,
            filter: filter as tf.Tensor4D,
            strides: stride,
            pad,
            dataFormat: 'NCHW',
            bias: tf.tensor1d(values(seed + 2, [outputs])),
            activation: 'relu',
          })
          return [y, fused, ...tf.grads(f)([x, filter], tf.mul(y, 0.1))]
        }
        expect(await errorOf(run)).toBeLessThan(1e-4)
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

const batches = fc.constantFrom<number[][]>([], [3], [1], [2, 3], [2, 1], [1, 3])

test.each(['int32', 'float32'] as const)(
  'matrix products of %s, batches broadcast, exact',
  async (dtype) => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(small, small, small),
        batches,
        batches,
        fc.tuple(fc.boolean(), fc.boolean()),
        fc.integer(),
        async ([rows, depth, columns], batchA, batchB, [transposeA, transposeB], seed) => {
          const shapeA = [...batchA, ...(transposeA ? [depth, rows] : [rows, depth])]
          const shapeB = [...batchB, ...(transposeB ? [columns, depth] : [depth, columns])]
          const largest = dtype === 'int32' ? 20_000 : 1000
          const [a, b] = [shapeA, shapeB].map((shape, i) => values(seed + i, shape).map((value) => Math.trunc(value * largest)))
          const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
          const [actual] = await on('wasm', () => {
            const y = tf.matMul(tf.tensor(a, shapeA, dtype), tf.tensor(b, shapeB, dtype), transposeA, transposeB)
            expect(y.shape).toEqual([...batch, rows, columns])
            expect(y.dtype).toBe(dtype)
            return [y]
          })
          // cpu pairs the wrong matrices of some batches, so it gets them repeated.
          const [expected] = await on('cpu', () => {
            const left = tf.broadcastTo(tf.tensor(a, shapeA, dtype), [...batch, ...shapeA.slice(-2)])
            const right = tf.broadcastTo(tf.tensor(b, shapeB, dtype), [...batch, ...shapeB.slice(-2)])
            return [tf.matMul(left, right, transposeA, transposeB)]
          })
          expect([...actual]).toEqual([...expected].map((value) => value + 0))
        },
      ),
      { numRuns: 100 },
    )
  },
  60_000,
)

const stockFaults: Record<string, () => tf.Tensor> = {
  'cast of numbers to booleans': () => tf.cast(tf.cast([0, 0.5, 256, -1, Number.NaN], 'bool'), 'int32'),
  'counts of a matrix': () => tf.bincount(tf.tensor2d([0, 1, 2, 2], [2, 2], 'int32') as unknown as tf.Tensor1D, tf.tensor1d([]), 4),
  'fused depthwise with one bias': () =>
    tf.fused.depthwiseConv2d({
      x: tf.tensor4d(values(1, [1, 4, 4, 3]), [1, 4, 4, 3]),
      filter: tf.tensor4d(values(2, [2, 2, 3, 1]), [2, 2, 3, 1]),
      strides: 1,
      pad: 'same',
      bias: tf.scalar(0.25),
      activation: 'leakyrelu',
      leakyreluAlpha: 0.3,
    }),
  'a transposed convolution of an image that is too large': () =>
    tf.conv2dTranspose(
      tf.tensor4d(values(1, [1, 8, 8, 4]), [1, 8, 8, 4]),
      tf.tensor4d(values(2, [3, 3, 4, 4]), [3, 3, 4, 4]),
      [1, 4, 4, 4],
      1,
      'same',
    ),
  'comparison of strings': () => tf.cast(tf.greater(tf.tensor2d(['b', 'a'], [2, 1]), tf.tensor1d(['a', 'b', 'aa'])), 'int32'),
}

test.each(Object.keys(stockFaults))('%s', async (name) => {
  expect(await errorOf(() => [stockFaults[name]()])).toBeLessThan(1e-6)
})

test('clipping keeps NaN', async () => {
  const [clipped] = await on('wasm', () => [tf.clipByValue([Number.NaN, -5, 0.5, 5, Infinity], -1, 1)])
  expect([...clipped]).toEqual([Number.NaN, -1, 0.5, 1, 1])
})

const dense = (index: number): tf.Tensor => tf.sparseToDense(tf.tensor1d([index], 'int32'), tf.tensor1d(['x']), [2], tf.scalar('-'))

test('strings are filled, repeated and scattered', async () => {
  await tf.setBackend('wasm')
  const { fill } = tf
  expect(fill([2], 'é', 'string').arraySync()).toEqual(['é', 'é'])
  expect(tf.tile(tf.tensor2d(['a', 'b'], [1, 2]), [2, 2]).arraySync()).toEqual([
    ['a', 'b', 'a', 'b'],
    ['a', 'b', 'a', 'b'],
  ])
  expect(dense(1).arraySync()).toEqual(['-', 'x'])
  expect(() => dense(2)).toThrow(/sparseToDense: indices must lie within/)
})

test('a slice out of bounds is an error', async () => {
  await tf.setBackend('wasm')
  expect(() => tf.slice(tf.tensor1d([1, 2]), [1], [2])).toThrow(/begin\[0\] \+ size\[0\]/)
})
