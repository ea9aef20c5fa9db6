import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from '../kernels/require-floats.js'
import { compose, FLOAT } from './compose.js'
import type { TensorFlowKernels } from './own-kernels.js'

/** ReLU with dropout, called by `@audiotag/models`. */
export const headKernels: TensorFlowKernels = (backend) => ({
  AudiotagDropout: ({ inputs }) => {
    const { x, mask } = inputs as Record<'x' | 'mask', TensorInfo>
    sameShape('AudiotagDropout', x, mask)
    return compose(backend, ({ run }) => [run('Mul', [FLOAT], [run('Relu', [FLOAT], [x]), mask])])[0]
  },
  AudiotagDropoutGrad: ({ inputs }) => {
    const { dy, mask, y } = inputs as Record<'dy' | 'mask' | 'y', TensorInfo>
    sameShape('AudiotagDropoutGrad', dy, mask, y)
    return compose(backend, ({ run }) => [run('ReluGrad', [FLOAT], [run('Mul', [FLOAT], [dy, mask]), y])])[0]
  },
})

function sameShape(kernel: string, first: TensorInfo, ...others: readonly TensorInfo[]): void {
  requireFloats(kernel, first, ...others)
  for (const { shape } of others) {
    if (!util.arraysEqual(shape, first.shape)) {
      throw new BackendError('shape', `${kernel}: tensors must have one shape, got [${first.shape.join(', ')}] and [${shape.join(', ')}].`)
    }
  }
}
