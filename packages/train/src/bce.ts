import * as tf from '@tensorflow/tfjs-core'
import { bceTerms, scaledSum, scalarLoss } from './scalar-loss.js'

/**
 * Binary cross entropy of logits, mean over clips and classes: log(1 + eᶻ) − z y. Stable for any finite logit.
 *
 * @param logits `[batch, classes]`
 * @param targets `[batch, classes]`, 0 to 1; constants, no gradient flows to them
 * @returns a scalar; the caller owns it
 * @throws TrainError `'shape'`
 *
 * Paper §5: the loss of the log-mel models, curated and noisy stream alike.
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core'
 * import '@tensorflow/tfjs-backend-cpu'
 * import { bce } from '@audiotag/train'
 *
 * const logits = tf.tensor2d([[0, 40]])
 * const loss = bce(logits, tf.tensor2d([[1, 1]]))
 * loss.dataSync()[0].toFixed(4) // => '0.3466'
 */
export function bce(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return scalarLoss('bce', logits, targets, (z, y) => ({
    value: scaledSum(bceTerms(z, y), 1 / z.size),
    gradient: tf.mul(tf.sub(tf.sigmoid(z), y), 1 / z.size),
  }))
}
