import * as tf from '@tensorflow/tfjs-core'
import { bceTerms, scaledSum, scalarLoss } from './scalar-loss.js'

/**
 * Binary cross entropy that takes σ(z) as the logit, mean over clips and classes: `bce(sigmoid(z), y)`. Each term stays within
 * 0.693 … 1.313 (y = 0) or 0.313 … 0.693 (y = 1), so a wrong label can pull only so hard; the price is a gradient that vanishes
 * at confident mistakes (0.005 instead of 0.993 at z = 5, y = 0).
 *
 * The authors' code applies the sigmoid twice in the noisy stream of the log-mel models and in both streams of waveform model #4;
 * the paper says binary cross entropy.
 *
 * @param logits `[batch, classes]`
 * @param targets `[batch, classes]`, 0 to 1; constants, no gradient flows to them
 * @returns a scalar; the caller owns it
 * @throws TrainError `'shape'`
 */
export function boundedBce(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return scalarLoss('boundedBce', logits, targets, (z, y) => {
    const s = tf.sigmoid(z)
    const slope = tf.mul(s, tf.sigmoid(tf.neg(z))) // s (1 − s) without the cancellation of 1 − s near s = 1
    return {
      value: scaledSum(bceTerms(s, y), 1 / z.size),
      gradient: tf.mul(tf.mul(tf.sub(tf.sigmoid(s), y), slope), 1 / z.size),
    }
  })
}
