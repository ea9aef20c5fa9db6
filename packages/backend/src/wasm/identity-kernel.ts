import type { CastAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/**
 * Identity, and Cast to the type that a tensor has, share the memory and count the reference, as Reshape does. Stock, they copy: every tensor kept for a
 * gradient, so every activation.
 */
export const identityKernel: OwnKernels = (_heapOf, stock) => ({
  Identity: ({ inputs, backend }) => share(inputs as { x: TensorInfo }, backend),
  Cast: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { dtype } = args.attrs as unknown as CastAttrs
    return x.dtype === dtype && dtype !== 'complex64' ? share({ x }, args.backend) : stock('Cast')(args)
  },
})

function share({ x }: { x: TensorInfo }, backend: unknown): TensorInfo {
  ;(backend as WasmBackend).incRef(x.dataId)
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype }
}
