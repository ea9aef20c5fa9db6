import * as tf from '@tensorflow/tfjs-core'

/** Internal: whether the current backend has a fused kernel of this name. */
export const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) != null
