import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'

import { values } from './compare.js'

/** Output and gradient. */
export function outputAndGradient(
  xs: Float32Array,
  shape: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  pad: 'same' | 'valid',
  seed: number,
): () => tf.Tensor[] {
  const f = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, window as [number, number], strides as [number, number], pad)
  return () => {
    const x = tf.tensor(xs, [...shape])
    const y = f(x)
    return [y, tf.grad(f)(x, tf.tensor(values(seed, y.shape), y.shape))]
  }
}

/** Windows over images in which most windows have ties. */
export const pooling = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 9 }),
  window: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  extra: fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  same: fc.boolean(),
  seed: fc.integer(),
})
