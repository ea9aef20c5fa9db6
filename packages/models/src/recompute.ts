import * as tf from '@tensorflow/tfjs-core'
import { gradientsOnOwnTape } from './gradients-on-own-tape.js'

/** What `recompute` computes, and what gradients flow to. */
export interface RecomputeOptions {
  /** All that `again` reads besides `x` and that gradients flow to. */
  readonly weights: readonly tf.Tensor[]
  /** The function of `x`. */
  readonly compute: (x: tf.Tensor) => tf.Tensor
  /** The same function without side effects: called for the gradient. */
  readonly again: (x: tf.Tensor) => tf.Tensor
  /** Nobody reads the gradient of the result but this step, so it is freed as soon as it has been used. */
  readonly freesGradient: boolean
}

/**
 * `compute(x)` as one differentiable step that keeps `x` alone: its gradient runs `again(x)`, now with all that its own gradients need, and goes
 * back through it. The same operations on the same numbers, so the same bits. First derivatives only.
 */
export function recompute(x: tf.Tensor, { weights, compute, again, freesGradient }: RecomputeOptions): tf.Tensor {
  const gradFunc = (dy: tf.Tensor, [input]: tf.Tensor[]): tf.Tensor[] => {
    const gradients = gradientsOnOwnTape(() => again(input), [input, ...weights], dy)
    // TensorFlow.js would hold both to the end of the whole backward pass.
    input.dispose()
    if (freesGradient) dy.dispose()
    return gradients
  }
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as tf.GradSaveFunc
    const value = compute(x)
    // Last: what is saved before an error would never be freed.
    save([x])
    return { value, gradFunc }
  })
  return run(x, ...weights)
}
