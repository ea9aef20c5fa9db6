import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'

/** Throws `shape` unless all tensors are float32. Kernels read memory as it is: another type would give nonsense, not an error. */
export function requireFloats(kernel: string, ...tensors: readonly (TensorInfo | undefined)[]): void {
  for (const tensor of tensors) {
    if (tensor && tensor.dtype !== 'float32') {
      throw new BackendError(
        'shape',
        `${kernel}: tensors must be float32, got ${tensor.dtype} of shape [${tensor.shape.join(', ')}]. Cast it.`,
      )
    }
  }
}
