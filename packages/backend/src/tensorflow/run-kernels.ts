import { getKernel, Tensor } from '@tensorflow/tfjs-core'
import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { NodeBackend } from './node-backend.js'

/** Runs the kernel registered under a name; what it returns lives until the composition ends. */
export type RunKernel = (name: string, inputs: NamedTensorInfoMap, attrs?: object) => TensorInfo

/** Makes a kernel's result out of other kernels, and disposes everything they made but the result. */
export function runKernels(backend: NodeBackend, build: (run: RunKernel) => TensorInfo): TensorInfo {
  const made: TensorInfo[] = []
  const run: RunKernel = (name, inputs, attrs = {}) => {
    const kernel = getKernel(name, 'tensorflow')
    if (!kernel) throw new BackendError('option', `tensorflow: kernel ${name} is not registered.`)
    const output = kernel.kernelFunc({ inputs, attrs: attrs as never, backend }) as TensorInfo
    made.push(output)
    return output
  }
  let result: TensorInfo | undefined
  try {
    result = build(run)
    return result
  } finally {
    // Kernels of tfjs-node return tensors that the engine knows of; ours, ones that it does not.
    for (const tensor of made) {
      if (tensor === result) continue
      if (tensor instanceof Tensor) tensor.dispose()
      else backend.disposeData(tensor.dataId)
    }
  }
}
