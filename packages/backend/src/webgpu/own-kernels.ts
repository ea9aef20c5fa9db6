import { getKernel, getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'
import type { KernelFunc } from '@tensorflow/tfjs-core'

import { registerBatchNormGradients } from '../kernels/plain-batch-norm-gradients.js'
import { batchNormKernels } from './batch-norm-kernels.js'
import { convolutionKernels } from './convolution-kernels.js'
import type { GpuBackend } from './gpu-backend.js'
import { headKernels } from './head-kernels.js'
import { maxPoolKernels } from './max-pool-kernels.js'
import { optimizerKernels } from './optimizer-kernels.js'
import { reluKernel } from './relu-kernel.js'
import { splitKernel } from './split-kernel.js'
import { stockFaultsKernels } from './stock-faults-kernels.js'

/** Kernels by name. `stock` gives TensorFlow.js's own kernel, for what ours do not do. */
export type OwnGpuKernels = (stock: (name: string) => KernelFunc) => Record<string, KernelFunc>

const FAMILIES: readonly OwnGpuKernels[] = [
  convolutionKernels,
  batchNormKernels,
  maxPoolKernels,
  optimizerKernels,
  headKernels,
  reluKernel,
  splitKernel,
  stockFaultsKernels,
]

/** A second time, ours would be taken for the stock ones. */
let registered = false

/** Registers the package's kernels for the webgpu backend, in place of TensorFlow.js's where both exist. All run under their name. */
export function registerOwnGpuKernels(): void {
  if (registered) return
  registered = true
  registerBatchNormGradients()
  const own = Object.assign(
    {},
    ...FAMILIES.map((family) => {
      return family((name) => {
        const found = stock.get(name)
        if (!found) throw new Error(`kernel ${name} has no stock version on webgpu`)
        return found
      })
    }),
  ) as Record<string, KernelFunc>
  const stock = new Map(getKernelsForBackend('webgpu').map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc]))
  for (const kernelName of new Set([...stock.keys(), ...Object.keys(own)])) {
    const kernel = own[kernelName] ?? (stock.get(kernelName) as KernelFunc)
    const kernelFunc: KernelFunc = (call) => {
      const gpu = call.backend as GpuBackend
      return gpu.faults.named(kernelName, () => gpu.freeOnError(() => kernel(call)))
    }
    if (getKernel(kernelName, 'webgpu')) unregisterKernel(kernelName, 'webgpu')
    registerKernel({ kernelName, backendName: 'webgpu', kernelFunc })
  }
}
