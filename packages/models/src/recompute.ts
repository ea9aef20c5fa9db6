import * as tf from '@tensorflow/tfjs-core'

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

/** Gradients inside of a gradient: TensorFlow.js would throw away the tape that it is walking. */
function gradientsOnOwnTape(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine()
  const outer = state.activeTape
  try {
    return tf.grads(f)(xs, dy)
  } catch (error) {
    if (state.activeTape !== outer) for (const node of state.activeTape ?? []) tf.dispose(node.saved ?? [])
    throw error
  } finally {
    state.activeTape = outer
  }
}
