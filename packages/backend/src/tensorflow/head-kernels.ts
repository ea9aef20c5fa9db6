import type { TensorInfo } from '@tensorflow/tfjs-core'

import { requireSameShape } from '../kernels/require-same-shape.js'
import { compose, FLOAT } from './compose.js'
import type { TensorFlowKernels } from './own-kernels.js'

/** ReLU with dropout, called by `@audiotag/models`. */
export const headKernels: TensorFlowKernels = (backend) => ({
  AudiotagDropout: ({ inputs }) => {
    const { x, mask } = inputs as Record<'x' | 'mask', TensorInfo>
    requireSameShape('AudiotagDropout', x, mask)
    return compose(backend, ({ run }) => [run('Mul', [FLOAT], [run('Relu', [FLOAT], [x]), mask])])[0]
  },
  AudiotagDropoutGrad: ({ inputs }) => {
    const { dy, mask, y } = inputs as Record<'dy' | 'mask' | 'y', TensorInfo>
    requireSameShape('AudiotagDropoutGrad', dy, mask, y)
    return compose(backend, ({ run }) => [run('ReluGrad', [FLOAT], [run('Mul', [FLOAT], [dy, mask]), y])])[0]
  },
})
