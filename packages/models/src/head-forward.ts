import * as tf from '@tensorflow/tfjs-core'
import { dense } from './dense.js'
import type { Rng } from './rng.js'
import type { HeadLayer } from './weight-specs.js'

/** Dropout of a head in training. */
export interface HeadDropout {
  readonly probabilities: readonly [number, number]
  readonly rng: Rng
}

/** Features `[batch, features]` → logits `[batch, classes]`; `dropout` in training only. */
export function headForward(
  variables: ReadonlyMap<string, tf.Variable>,
  layers: readonly HeadLayer[],
  features: tf.Tensor2D,
  dropout: HeadDropout | undefined,
): tf.Tensor2D {
  return tf.tidy(() => {
    let x = features
    for (const [i, { name, outputs }] of layers.entries()) {
      const p = i < 2 ? (dropout?.probabilities[i] ?? 0) : 0
      const mask = dropout === undefined || p === 0 ? undefined : dropoutMask(x.shape[0], outputs, p, dropout.rng)
      const weight = variables.get(`${name}.weight`) as unknown as tf.Tensor2D
      const bias = variables.get(`${name}.bias`) as unknown as tf.Tensor1D
      x = dense(x, { weight, bias, relu: i < 2, mask })
    }
    return x
  })
}

/** 0 with probability p, else 1 / (1 − p). tf.dropout would repeat one mask for ever when given a seed. */
function dropoutMask(batch: number, outputs: number, p: number, rng: Rng): tf.Tensor2D {
  const mask = new Float32Array(batch * outputs)
  for (let i = 0; i < mask.length; i++) mask[i] = rng() < p ? 0 : 1 / (1 - p)
  return tf.tensor2d(mask, [batch, outputs])
}
