import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import type { KernelFunc } from '@tensorflow/tfjs-core'

import { registerBatchNormGradients } from '../kernels/plain-batch-norm-gradients.js'
import { batchNormKernels } from './batch-norm-kernels.js'
import { convolutionKernels } from './convolution-kernels.js'
import { fusedKernels } from './fused-kernels.js'
import { headKernels } from './head-kernels.js'
import type { NodeBackend } from './node-backend.js'
import { optimizerKernels } from './optimizer-kernels.js'
import { poolingKernels } from './pooling-kernels.js'
import { reluGradient } from './relu-gradient.js'
import { stockFaultsKernels } from './stock-faults-kernels.js'

/** Kernels by name; `stock` gives @tensorflow/tfjs-node's own, for what ours do not do. */
export type TensorFlowKernels = (backend: NodeBackend, stock: (name: string) => KernelFunc) => Record<string, KernelFunc>

const FAMILIES: readonly TensorFlowKernels[] = [
  convolutionKernels,
  poolingKernels,
  batchNormKernels,
  headKernels,
  optimizerKernels,
  reluGradient,
  stockFaultsKernels,
  fusedKernels,
]

/** Registers the package's kernels for TensorFlow, in place of @tensorflow/tfjs-node's where both exist. */
export function registerOwnKernels(backend: NodeBackend): void {
  registerBatchNormGradients()
  for (const family of FAMILIES) {
    const stock = new Map<string, KernelFunc>()
    const kernels = family(backend, (name) => {
      const found = stock.get(name)
      if (!found) throw new Error(`kernel ${name} has no stock version on tensorflow`)
      return found
    })
    for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
      const existing = getKernel(kernelName, 'tensorflow')
      if (existing) {
        stock.set(kernelName, existing.kernelFunc)
        unregisterKernel(kernelName, 'tensorflow')
      }
      registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc })
    }
  }
}
