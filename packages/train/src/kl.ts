import * as tf from '@tensorflow/tfjs-core'
import { logSoftmax, scaledSum, scalarLoss, timesLog } from './scalar-loss.js'

/**
 * Kullback–Leibler divergence of softmax(z) from the targets, which are first scaled to sum to 1 in each row; mean over the clips:
 * t = y / Σ y, Σ t (log t − log softmax z) / batch.
 *
 * A row without labels has no normalised target: the loss is then NaN, and a training step refuses it by the name of its stream.
 * Leave such clips out of the stream.
 *
 * @param logits `[batch, classes]`
 * @param targets `[batch, classes]`, not negative, each row with a sum above 0; constants, no gradient flows to them
 * @returns a scalar; the caller owns it
 * @throws TrainError `'shape'`
 *
 * Paper §5: the loss of the waveform models with softmax.
 */
export function kl(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return scalarLoss('kl', logits, targets, (z, y) => {
    const t = tf.div(y, tf.sum(y, 1, true))
    const logP = logSoftmax(z)
    const batch = z.shape[0]
    return {
      value: scaledSum(tf.sub(timesLog(t), tf.mul(t, logP)), 1 / batch),
      gradient: tf.mul(tf.sub(tf.exp(logP), t), 1 / batch),
    }
  })
}
