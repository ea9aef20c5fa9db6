import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from './require-floats.js'

/** Throws `shape` unless all tensors are float32 and have one shape. @returns their elements */
export function requireSameShape(kernel: string, first: TensorInfo, ...others: readonly TensorInfo[]): number {
  requireFloats(kernel, first, ...others)
  for (const { shape } of others) {
    if (!util.arraysEqual(shape, first.shape)) {
      throw new BackendError('shape', `${kernel}: tensors must have one shape, got [${first.shape.join(', ')}] and [${shape.join(', ')}].`)
    }
  }
  return util.sizeFromShape(first.shape)
}
