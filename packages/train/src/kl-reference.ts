import * as tf from '@tensorflow/tfjs-core'
import { logSoftmax, scaledSum, scalarLoss, timesLog } from './scalar-loss.js'

/**
 * The divergence as the authors' code computes it: targets not normalised and the mean taken over clips *and* classes,
 * Σ y (log y − log softmax z) / (batch · classes). The learning rate 0.1 of the waveform models was tuned to this scale
 * (1 / classes of `kl`).
 *
 * @param logits `[batch, classes]`
 * @param targets `[batch, classes]`, not negative; constants, no gradient flows to them
 * @returns a scalar; the caller owns it
 * @throws TrainError `'shape'`
 */
export function klReference(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return scalarLoss('klReference', logits, targets, (z, y) => {
    const logP = logSoftmax(z)
    return {
      value: scaledSum(tf.sub(timesLog(y), tf.mul(y, logP)), 1 / z.size),
      gradient: tf.mul(tf.sub(tf.mul(tf.exp(logP), tf.sum(y, 1, true)), y), 1 / z.size),
    }
  })
}
