import * as tf from '@tensorflow/tfjs-core'

/** What `affine` multiplies with and adds. */
export interface AffineOptions {
  /** `[channels]` */
  readonly scale: tf.Tensor1D
  /** `[channels]` */
  readonly shift: tf.Tensor1D
  /** Added to the result, shaped as `x`. */
  readonly residual: tf.Tensor4D | undefined
  /** ReLU at the end. */
  readonly relu: boolean
}

/**
 * x · scale + shift (+ residual), then ReLU, of `[batch, height, time, channels]`: batch norm with running statistics, as one differentiable step.
 * One kernel where the backend has `AudiotagAffine`, else a composition with the same result.
 */
export function affine(x: tf.Tensor4D, { scale, shift, residual, relu }: AffineOptions): tf.Tensor4D {
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as tf.GradSaveFunc
    const y = forward(x, { scale, shift, residual, relu })
    save(relu ? [x, scale, y] : [x, scale])
    const gradFunc = (dy: tf.Tensor, [x, scale, y]: tf.Tensor[]): tf.Tensor[] => {
      const masked = relu ? tf.mul(dy, tf.step(y)) : dy
      const gradients = [tf.mul(masked, scale), tf.sum(tf.mul(masked, x), [0, 1, 2]), tf.sum(masked, [0, 1, 2])]
      return residual === undefined ? gradients : [...gradients, masked]
    }
    return { value: y, gradFunc }
  })
  return run(...(residual === undefined ? [x, scale, shift] : [x, scale, shift, residual])) as tf.Tensor4D
}

function forward(x: tf.Tensor4D, { scale, shift, residual, relu }: AffineOptions): tf.Tensor {
  if (tf.getKernel('AudiotagAffine', tf.getBackend()) !== undefined) {
    const outputs = tf
      .engine()
      .runKernel<tf.Tensor | tf.Tensor[]>('AudiotagAffine', { x, scale, shift, ...(residual && { residual }) }, { relu })
    return Array.isArray(outputs) ? outputs[0] : outputs
  }
  const product = tf.add(tf.mul(x, scale), shift)
  const sum = residual === undefined ? product : tf.add(product, residual)
  return relu ? tf.relu(sum) : sum
}
