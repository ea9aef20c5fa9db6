import * as tf from '@tensorflow/tfjs-core'
import { hasKernel } from './has-kernel.js'

/** PyTorch's default. */
export const BATCH_NORM_EPSILON = 1e-5

/** What `batchNorm` normalises with, and whether it adds and clips afterwards. */
export interface BatchNormOptions {
  /** `[channels]` */
  readonly gamma: tf.Tensor1D
  /** `[channels]` */
  readonly beta: tf.Tensor1D
  /** Added after normalisation, shaped as `x`. */
  readonly residual: tf.Tensor4D | undefined
  /** ReLU at the end. */
  readonly relu: boolean
}

/** The result, and the statistics of the batch. The statistics outlive `tf.tidy`: the caller disposes them. */
export interface BatchNormResult {
  /** Shaped as `x`. */
  readonly y: tf.Tensor4D
  /** `[channels]` */
  readonly mean: tf.Tensor1D
  /** Biased (population) variance, `[channels]`. */
  readonly variance: tf.Tensor1D
}

/**
 * Batch norm by the statistics of the batch `[batch, height, time, channels]`, then `+ residual`, then ReLU: one differentiable step.
 *
 * It is one kernel each way where the backend has `AudiotagBatchNorm` and `AudiotagBatchNormGrad`, else a composition with the same result.
 * tf.layers' batch norm takes 73 kernel calls for the same, and keeps a biased running variance.
 */
export function batchNorm(x: tf.Tensor4D, { gamma, beta, residual, relu }: BatchNormOptions): BatchNormResult {
  let mean: tf.Tensor1D | undefined
  let variance: tf.Tensor1D | undefined
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as tf.GradSaveFunc
    const outputs = forward(x, { gamma, beta, residual, relu })
    mean = tf.keep(outputs[1] as tf.Tensor1D)
    variance = tf.keep(outputs[2] as tf.Tensor1D)
    // The saved copies live until the gradient is taken; without relu the output itself is not needed.
    save(relu ? [x, mean, variance, outputs[0]] : [x, mean, variance])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, mean, variance, y] = saved
      const gradients = tf.tidy(() => backward(dy, { x, y, gamma, mean, variance, relu, residual: residual !== undefined }))
      // TensorFlow.js would hold them, and the gradients of all activations, to the end of the whole backward pass: twice the memory. Nobody else
      // reads the gradient of a batch norm's output: the networks give that output away to none but their own next step.
      tf.dispose([saved, dy])
      return gradients
    }
    return { value: outputs[0], gradFunc }
  })
  const y = run(...(residual === undefined ? [x, gamma, beta] : [x, gamma, beta, residual])) as tf.Tensor4D
  return { y, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D }
}

function forward(x: tf.Tensor4D, { gamma, beta, residual, relu }: BatchNormOptions): tf.Tensor[] {
  if (hasKernel('AudiotagBatchNorm') && hasKernel('AudiotagBatchNormGrad')) {
    const inputs = { x, gamma, beta, ...(residual && { residual }) }
    return tf.engine().runKernel<tf.Tensor[]>('AudiotagBatchNorm', inputs, { epsilon: BATCH_NORM_EPSILON, relu })
  }
  const rows = rowsOf(x)
  const mean = tf.mean(rows, 0)
  const centred = tf.sub(rows, mean)
  const variance = tf.mean(tf.square(centred), 0)
  const normalised = tf.add(tf.mul(centred, tf.mul(tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON)), gamma)), beta)
  const sum = residual === undefined ? normalised : tf.add(normalised, rowsOf(residual))
  return [tf.reshape(relu ? tf.relu(sum) : sum, x.shape), mean, variance]
}

interface Saved {
  readonly x: tf.Tensor
  readonly y: tf.Tensor | undefined
  readonly gamma: tf.Tensor
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor
  readonly relu: boolean
  readonly residual: boolean
}

/** Gradients by x, gamma, beta and, if there is one, the residual. */
function backward(dy: tf.Tensor, { x, y, gamma, mean, variance, relu, residual }: Saved): tf.Tensor[] {
  if (hasKernel('AudiotagBatchNorm') && hasKernel('AudiotagBatchNormGrad')) {
    const inputs = { dy, x, y: y ?? x, gamma, mean, variance }
    return tf.engine().runKernel<tf.Tensor[]>('AudiotagBatchNormGrad', inputs, { epsilon: BATCH_NORM_EPSILON, relu, residual })
  }
  const rows = rowsOf(x)
  const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON))
  const normalised = tf.mul(tf.sub(rows, mean), inverse)
  const dRows = rowsOf(dy)
  const masked = relu ? tf.mul(dRows, tf.step(rowsOf(y as tf.Tensor))) : dRows
  const dBeta = tf.sum(masked, 0)
  const dGamma = tf.sum(tf.mul(masked, normalised), 0)
  const centred = tf.sub(masked, tf.div(tf.add(dBeta, tf.mul(normalised, dGamma)), rows.shape[0]))
  const gradients = [tf.reshape(tf.mul(centred, tf.mul(inverse, gamma)), x.shape), dGamma, dBeta]
  return residual ? [...gradients, tf.reshape(masked, x.shape)] : gradients
}

/** `[batch · height · time, channels]` */
function rowsOf(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1) as number])
}
