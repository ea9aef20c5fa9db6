import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import { scaledSum, scalarLoss } from './scalar-loss.js'

/** Options of {@link mse}. */
export interface MseOptions {
  /** Factor on the loss; default 1. A stream's own `weight` does the same and keeps the reported loss unweighted. */
  readonly weight?: number
}

/**
 * Mean squared error of probabilities, mean over clips and classes: weight · (σ(z) − y)².
 *
 * @param logits `[batch, classes]`
 * @param targets `[batch, classes]`, 0 to 1, e.g. soft pseudo labels; constants, no gradient flows to them
 * @returns a scalar; the caller owns it
 * @throws TrainError `'shape'`, `'option'`
 *
 * Paper §5.2: the loss of the soft-pseudo-label stream, weighted 20.
 */
export function mse(logits: tf.Tensor, targets: tf.Tensor, { weight = 1 }: MseOptions = {}): tf.Scalar {
  if (!Number.isFinite(weight)) {
    throw new TrainError('option', `mse: weight must be a finite number, got ${weight}. The paper's is 20.`)
  }
  const rule = (z: tf.Tensor, y: tf.Tensor) => {
    const s = tf.sigmoid(z)
    const difference = tf.sub(s, y)
    const slope = tf.mul(s, tf.sigmoid(tf.neg(z)))
    return {
      value: scaledSum(tf.square(difference), weight / z.size),
      gradient: tf.mul(tf.mul(difference, slope), (2 * weight) / z.size),
    }
  }
  return scalarLoss('mse', logits, targets, rule, weight)
}
