import * as tf from '@tensorflow/tfjs-core'

/** Internal: gradients inside of a gradient: TensorFlow.js would throw away the tape that it is walking. */
export function gradientsOnOwnTape(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
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
