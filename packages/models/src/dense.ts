import * as tf from '@tensorflow/tfjs-core'
import { hasKernel } from './has-kernel.js'

/** Weights of a linear layer and what follows it. */
export interface DenseOptions {
  /** `[inputs, outputs]` */
  readonly weight: tf.Tensor2D
  /** `[outputs]` */
  readonly bias: tf.Tensor1D
  /** ReLU after the layer. */
  readonly relu: boolean
  /** Factors multiplied in at the end (dropout), `[batch, outputs]`. */
  readonly mask?: tf.Tensor2D | undefined
}

/**
 * Linear layer, ReLU and dropout of `[batch, inputs]` as one differentiable step.
 * Its gradient transposes before it multiplies: several backends are slow at the transposed product.
 */
export function dense(x: tf.Tensor2D, { weight, bias, relu, mask }: DenseOptions): tf.Tensor2D {
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as tf.GradSaveFunc
    const fused = relu && mask !== undefined && hasKernel('AudiotagDropout') && hasKernel('AudiotagDropoutGrad')
    const product = tf.fused.matMul({ a: x, b: weight, bias, activation: relu && !fused ? 'relu' : 'linear' })
    const y = fused ? runFused('AudiotagDropout', { x: product, mask }) : mask === undefined ? product : tf.mul(product, mask)
    save([x, weight, ...(relu ? [y] : []), ...(mask ? [mask] : [])])
    const gradFunc = (dy: tf.Tensor, [x, weight, ...rest]: tf.Tensor2D[]): tf.Tensor[] => {
      let d = dy as tf.Tensor2D
      if (fused) d = runFused('AudiotagDropoutGrad', { dy: d, mask: rest[1], y: rest[0] })
      else {
        if (mask !== undefined) d = tf.mul(d, rest.at(-1) as tf.Tensor2D)
        if (relu) d = tf.mul(d, tf.step(rest[0]))
      }
      return [tf.matMul(d, tf.transpose(weight)), tf.matMul(tf.transpose(x), d), tf.sum(d, 0)]
    }
    return { value: y, gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] }
  })
  return run(x, weight, bias) as tf.Tensor2D
}

const runFused = (kernel: string, inputs: tf.NamedTensorMap): tf.Tensor2D => tf.engine().runKernel(kernel, inputs)
