import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import type { KernelFunc } from '@tensorflow/tfjs-core'

import { registerBatchNormGradients } from '../kernels/plain-batch-norm-gradients.js'
import { addKernel } from './add-kernel.js'
import { batchNormKernels } from './batch-norm-kernels.js'
import { broadcastProductKernel } from './broadcast-product-kernel.js'
import { channelsFirstKernels } from './channels-first-kernels.js'
import { complexKernels } from './complex-kernels.js'
import { convolutionKernels } from './convolution-kernels.js'
import { depthwiseKernels } from './depthwise-kernels.js'
import { einsumKernel } from './einsum-kernel.js'
import { fourierKernels } from './fourier-kernels.js'
import { fusedDepthwiseKernel } from './fused-depthwise-kernel.js'
import { fusedKernels } from './fused-kernels.js'
import { freeOnError } from './guard-memory.js'
import type { Heap } from './heap.js'
import { headKernels } from './head-kernels.js'
import { identityKernel } from './identity-kernel.js'
import { integerProductKernel } from './integer-product-kernel.js'
import { matrixProductKernels } from './matrix-product-kernels.js'
import { maxPoolKernels } from './max-pool-kernels.js'
import { optimizerKernels } from './optimizer-kernels.js'
import { reductionKernels } from './reduction-kernels.js'
import { segmentSumKernel } from './segment-sum-kernel.js'
import { stockFaultsKernels } from './stock-faults-kernels.js'
import { stringKernels } from './string-kernels.js'
import { tileKernel } from './tile-kernel.js'
import { transposedConvolutionKernel } from './transposed-convolution-kernel.js'

/** Kernels by name. `heapOf` finds the heap of the backend that runs; `stock` gives TensorFlow.js's own kernel, for what ours do not do. */
export type OwnKernels = (heapOf: (backend: unknown) => Heap, stock: (name: string) => KernelFunc) => Record<string, KernelFunc>

const FAMILIES: readonly OwnKernels[] = [
  identityKernel,
  addKernel,
  tileKernel,
  reductionKernels,
  convolutionKernels,
  batchNormKernels,
  maxPoolKernels,
  matrixProductKernels,
  optimizerKernels,
  headKernels,
  depthwiseKernels,
  segmentSumKernel,
  fusedKernels,
  // These wrap what is there: the later, the further out.
  transposedConvolutionKernel,
  channelsFirstKernels,
  fusedDepthwiseKernel,
  integerProductKernel,
  broadcastProductKernel,
  einsumKernel,
  stockFaultsKernels,
  stringKernels,
  complexKernels,
  fourierKernels,
]

/** A second time, ours would be taken for the stock ones. */
let registered = false

/** Registers the package's kernels for the wasm backend, in place of TensorFlow.js's where both exist. */
export function registerOwnKernels(heapOf: (backend: unknown) => Heap): void {
  if (registered) return
  registered = true
  registerBatchNormGradients()
  for (const family of FAMILIES) {
    const stock = new Map<string, KernelFunc>()
    const kernels = family(heapOf, (name) => {
      const found = stock.get(name)
      if (!found) throw new Error(`kernel ${name} has no stock version on wasm`)
      return found
    })
    for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
      const existing = getKernel(kernelName, 'wasm')
      if (existing) {
        // Their set-up binds the C++ function; it has run when the backend started.
        stock.set(kernelName, existing.kernelFunc)
        unregisterKernel(kernelName, 'wasm')
      }
      registerKernel({
        kernelName,
        backendName: 'wasm',
        kernelFunc: freeOnError(kernelFunc),
        ...(existing?.setupFunc && { setupFunc: existing.setupFunc }),
      })
    }
  }
}
