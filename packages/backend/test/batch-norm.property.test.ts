import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { batchNormTests } from './batch-norm-tests.js'
import { startBoth } from './compare.js'

beforeAll(startBoth)

describe('batch norm', () => {
  batchNormTests('wasm', { largest: 9, channels: fc.integer({ min: 1, max: 67 }), runs: { forward: 60, affine: 40 } })

  test('another type than float32 is refused', async () => {
    await tf.setBackend('wasm')
    const x = tf.zeros([1, 2, 2, 4], 'int32')
    const [gamma, beta] = [tf.ones([4]), tf.zeros([4])]
    expect(() => tf.engine().runKernel('AudiotagBatchNorm', { x, gamma, beta }, { epsilon: 1e-5, relu: true })).toThrow(
      /float32, got int32/,
    )
    tf.dispose([x, gamma, beta])
  })
})
