import { getKernel } from '@tensorflow/tfjs-core'
import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { WasmBackend } from './wasm-backend.js'

/** Runs the kernel registered under a name; what it returns lives until the composition ends. */
export type RunKernel = (name: string, inputs: NamedTensorInfoMap, attrs?: object) => TensorInfo

/** Makes a kernel's result out of other kernels, and disposes everything they made but the result. */
export function compose(backend: unknown, build: (run: RunKernel) => TensorInfo): TensorInfo {
  const made: TensorInfo[] = []
  const run: RunKernel = (name, inputs, attrs = {}) => {
    const kernel = getKernel(name, 'wasm')
    if (!kernel) throw new BackendError('option', `wasm: kernel ${name} is not registered.`)
    const output = kernel.kernelFunc({ inputs, attrs: attrs as never, backend: backend as object }) as TensorInfo
    made.push(output)
    return output
  }
  let result: TensorInfo | undefined
  try {
    const built = build(run)
    // An input that is returned as it is gets a reference of its own.
    result = made.includes(built) ? built : run('Identity', { x: built })
    return result
  } finally {
    for (const tensor of made) {
      if (tensor !== result) (backend as WasmBackend).disposeData(tensor.dataId)
    }
  }
}
