import * as tf from '@tensorflow/tfjs-core'
import { SslError } from './errors.js'

/** Options of {@link consistencyLoss}. */
export interface ConsistencyLossOptions {
  /** What turns the student's logits into probabilities; default `'sigmoid'` (multi-label). */
  readonly activation?: 'sigmoid' | 'softmax'
  /** `'mse'` (default): mean over clips and classes. `'kl'`: divergence of the student from the targets, see {@link consistencyLoss}. */
  readonly distance?: 'mse' | 'kl'
}

/**
 * A loss that pulls a student's predictions to those of a teacher, to guessed labels or to another view: `(logits, targets)` → scalar, made for
 * `createTrainStep` of `@audiotag/train`. Targets are probabilities and constants: no gradient flows to them.
 *
 * | activation, distance | value |
 * | --- | --- |
 * | sigmoid, mse | mean over clips and classes of (σ(z) − t)² |
 * | softmax, mse | mean over clips and classes of (softmax z − t)² |
 * | sigmoid, kl | mean over clips and classes of t log(t / σ(z)) + (1 − t) log((1 − t) / (1 − σ(z))) |
 * | softmax, kl | mean over clips of Σ t log(t / softmax z) |
 *
 * @throws SslError `'option'`; the loss throws `'shape'`
 */
export function consistencyLoss({ activation = 'sigmoid', distance = 'mse' }: ConsistencyLossOptions = {}): (
  logits: tf.Tensor,
  targets: tf.Tensor,
) => tf.Scalar {
  if (activation !== 'sigmoid' && activation !== 'softmax') {
    throw new SslError('option', `consistencyLoss: activation must be 'sigmoid' or 'softmax', got '${String(activation)}'.`)
  }
  if (distance !== 'mse' && distance !== 'kl') {
    throw new SslError('option', `consistencyLoss: distance must be 'mse' or 'kl', got '${String(distance)}'.`)
  }
  const rule = rules[`${activation} ${distance}`]
  return (logits, targets) => {
    if (logits.rank !== 2 || logits.size === 0 || targets.rank !== 2 || logits.shape.join() !== targets.shape.join()) {
      throw new SslError(
        'shape',
        `consistencyLoss: logits and targets must both be [batch, classes], got [${logits.shape.join(', ')}] and [${targets.shape.join(', ')}].`,
      )
    }
    return tf.tidy(() => {
      const loss = tf.customGrad((z, save) => {
        const { terms, gradient, count } = rule(z as tf.Tensor, targets)
        ;(save as tf.GradSaveFunc)([tf.mul(gradient, 1 / count)])
        const value = tf.mul(tf.sum(tf.sum(terms, 1)), 1 / count)
        return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0], dy) }
      })
      return loss(logits) as tf.Scalar
    })
  }
}

type Rule = (z: tf.Tensor, t: tf.Tensor) => { terms: tf.Tensor; gradient: tf.Tensor; count: number }

/** Value and gradient written out: stable for any finite logit, and fewer kernels than traced ones. */
const rules: Readonly<Record<`${'sigmoid' | 'softmax'} ${'mse' | 'kl'}`, Rule>> = {
  'sigmoid mse': (z, t) => {
    const p = tf.sigmoid(z)
    const difference = tf.sub(p, t)
    const slope = tf.mul(p, tf.sigmoid(tf.neg(z)))
    return { terms: tf.square(difference), gradient: tf.mul(tf.mul(difference, slope), 2), count: z.size }
  },
  'softmax mse': (z, t) => {
    const p = tf.exp(logSoftmax(z))
    const difference = tf.sub(p, t)
    const inner = tf.sum(tf.mul(difference, p), 1, true)
    return { terms: tf.square(difference), gradient: tf.mul(tf.mul(p, tf.sub(difference, inner)), 2), count: z.size }
  },
  'sigmoid kl': (z, t) => {
    const crossEntropy = tf.add(tf.sub(tf.relu(z), tf.mul(z, t)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))))
    const negativeEntropy = tf.add(timesLog(t), timesLog(tf.sub(1, t)))
    return { terms: tf.add(crossEntropy, negativeEntropy), gradient: tf.sub(tf.sigmoid(z), t), count: z.size }
  },
  'softmax kl': (z, t) => {
    const logP = logSoftmax(z)
    const gradient = tf.sub(tf.mul(tf.exp(logP), tf.sum(t, 1, true)), t)
    return { terms: tf.sub(timesLog(t), tf.mul(t, logP)), gradient, count: z.shape[0] }
  },
}

function logSoftmax(z: tf.Tensor): tf.Tensor {
  const shifted = tf.sub(z, tf.max(z, 1, true))
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)))
}

/** t log t, 0 where t is 0. */
function timesLog(t: tf.Tensor): tf.Tensor {
  return tf.mul(t, tf.log(tf.maximum(t, 1e-37)))
}
