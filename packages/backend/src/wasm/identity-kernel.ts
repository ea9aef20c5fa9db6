import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/** Identity shares the memory and counts the reference, as Reshape does. Stock, it copies: every tensor kept for a gradient, so every activation. */
export const identityKernel: OwnKernels = () => ({
  Identity: ({ inputs, backend }) => {
    const { x } = inputs as { x: TensorInfo }
    ;(backend as WasmBackend).incRef(x.dataId)
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype }
  },
})
