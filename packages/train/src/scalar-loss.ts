import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import type { LossName } from './loss.js'
import { hasKernel } from './updates.js'

/**
 * Internal: a scalar loss whose gradient is written out instead of traced. The stock rules are wrong where a rectifier or an absolute value
 * meets 0, and cost several times the kernels. Targets are constants: no gradient flows to them.
 *
 * Where the current backend has registered `AudiotagLoss`, that gives value and gradient in one call, by the name of the loss; elsewhere `rule` composes them.
 */
export function scalarLoss(
  name: LossName,
  logits: tf.Tensor,
  targets: tf.Tensor,
  rule: (logits: tf.Tensor, targets: tf.Tensor) => { value: tf.Tensor; gradient: tf.Tensor },
  weight: number = 1,
): tf.Scalar {
  if (logits.rank !== 2) {
    throw new TrainError('shape', `${name}: logits must be [batch, classes], got [${logits.shape.join(', ')}]. Reshape them to two axes.`)
  }
  if (logits.size === 0) {
    throw new TrainError(
      'shape',
      `${name}: a mean needs at least one clip and one class, got [${logits.shape.join(', ')}]. Leave the empty batch out.`,
    )
  }
  if (targets.rank !== 2 || targets.shape[0] !== logits.shape[0] || targets.shape[1] !== logits.shape[1]) {
    throw new TrainError(
      'shape',
      `${name}: targets must have the shape of the logits, [${logits.shape.join(', ')}], got [${targets.shape.join(', ')}]. ` +
        'Check the number of classes and the size of the batch.',
    )
  }
  return tf.tidy(() => {
    const y = tf.cast(targets, 'float32')
    const differentiable = tf.customGrad((z, save) => {
      const { value, gradient } = hasKernel('AudiotagLoss') ? fused(name, z as tf.Tensor, y, weight) : rule(z as tf.Tensor, y)
      ;(save as tf.GradSaveFunc)([gradient])
      return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0], dy) }
    })
    return differentiable(logits) as tf.Scalar
  })
}

function fused(rule: LossName, logits: tf.Tensor, targets: tf.Tensor, weight: number): { value: tf.Tensor; gradient: tf.Tensor } {
  const outputs = tf.engine().runKernel('AudiotagLoss', { logits, targets }, { rule, weight })
  const [value, gradient] = outputs as unknown as [tf.Tensor, tf.Tensor]
  return { value, gradient }
}

/** Internal: sum over all elements times a factor; row sums first, so that float32 sums of large batches stay accurate. */
export function scaledSum(values: tf.Tensor, factor: number): tf.Tensor {
  return tf.mul(tf.sum(tf.sum(values, 1)), factor)
}

/** Internal: log softmax over the classes, `[batch, classes]`. */
export function logSoftmax(logits: tf.Tensor): tf.Tensor {
  const shifted = tf.sub(logits, tf.max(logits, 1, true))
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)))
}

/** Internal: log(1 + eᶻ) − z y, element by element, without overflow. */
export function bceTerms(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tf.add(tf.sub(tf.relu(logits), tf.mul(logits, targets)), tf.log1p(tf.exp(tf.neg(tf.abs(logits)))))
}

/** Internal: t log t, 0 where t is 0. */
export function timesLog(t: tf.Tensor): tf.Tensor {
  return tf.mul(t, tf.log(tf.maximum(t, 1e-37)))
}
