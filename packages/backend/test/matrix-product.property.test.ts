import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { on, startBoth, values, worstError } from './compare.js'

beforeAll(startBoth)

/** The product, and its gradients where the output's gradient is all ones. */
function product(
  aShape: readonly number[],
  bShape: readonly number[],
  transposeA: boolean,
  transposeB: boolean,
  seed: number,
  change = (value: number) => value,
): () => tf.Tensor[] {
  const [as, bs] = [values(seed, aShape).map(change), values(seed + 1, bShape).map(change)]
  const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(a, b, transposeA, transposeB)
  return () => {
    const [a, b] = [tf.tensor(as, [...aShape]), tf.tensor(bs, [...bShape])]
    return [f(a, b), ...tf.grads(f)([a, b])]
  }
}

/** One matrix for a batch of three; tfjs-core has no gradient of that. */
function broadcast(): tf.Tensor[] {
  return [tf.matMul(tf.tensor(values(1, [3, 5, 7]), [3, 5, 7]), tf.tensor(values(2, [1, 7, 9]), [1, 7, 9]))]
}

const size = fc.integer({ min: 1, max: 40 })

describe('matrix product', () => {
  test('is that of the cpu backend, transposed or not, batched or not, with its gradients', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: size,
          depth: size,
          columns: size,
          transposeA: fc.boolean(),
          transposeB: fc.boolean(),
          batch: fc.constantFrom([], [1], [3], [2, 2]),
        }),
        fc.integer(),
        async ({ rows, depth, columns, transposeA, transposeB, batch }, seed) => {
          const aShape = [...batch, ...(transposeA ? [depth, rows] : [rows, depth])]
          const bShape = [...batch, ...(transposeB ? [columns, depth] : [depth, columns])]
          const run = product(aShape, bShape, transposeA, transposeB, seed)
          const [actual, expected] = [await on('wasm', run), await on('cpu', run)]
          // Terms may cancel out, and their rounding does not: an error is measured by the sum of their sizes.
          const sizes = await on('cpu', product(aShape, bShape, transposeA, transposeB, seed, Math.abs))
          const errors = actual.flatMap((array, i) =>
            Array.from(array, (value, j) => Math.abs(value - expected[i][j]) / (sizes[i][j] || 1)),
          )
          expect(Math.max(...errors)).toBeLessThan(1e-5)
        },
      ),
      { numRuns: 100 },
    )
  }, 60_000)

  test('one matrix for a whole batch', async () => {
    expect(worstError(await on('wasm', broadcast), await on('cpu', broadcast))).toBeLessThan(1e-6)
  })

  test('of a size past every block', async () => {
    const run = product([301, 517], [517, 77], false, false, 1)
    expect(worstError(await on('wasm', run), await on('cpu', run))).toBeLessThan(1e-5)
  })
})
