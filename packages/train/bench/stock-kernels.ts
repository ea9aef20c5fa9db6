import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import '@tensorflow/tfjs-layers'
// By its path: @audiotag/backend is itself tested with this package, so it cannot be a dependency of it.
import { useWasm } from '../../backend/dist/index.js'

const kernels = (): Map<string, tf.KernelConfig> =>
  new Map(tf.getKernelsForBackend('wasm').map((kernel) => [kernel.kernelName, { ...kernel, backendName: 'wasm' }]))
const stock = kernels()
await useWasm({ threads: 1 })
const own = kernels()

/** Kernels of @audiotag/backend that replace one of TensorFlow.js, or add one. */
export const replaced: readonly string[] = [...own.keys()].filter((name) => own.get(name)!.kernelFunc !== stock.get(name)?.kernelFunc)
/** Those of them that TensorFlow.js has on wasm. */
export const inStock: readonly string[] = replaced.filter((name) => stock.has(name))

/** For `bench`: these kernels are TensorFlow.js' own, or absent, while it runs. */
export function without(names: readonly string[]): { setup: () => void; teardown: () => void } {
  const register = (from: Map<string, tf.KernelConfig>) => (): void => {
    for (const name of names) {
      if (tf.getKernel(name, 'wasm')) tf.unregisterKernel(name, 'wasm')
      const kernel = from.get(name)
      if (kernel) tf.registerKernel(kernel)
    }
  }
  return { setup: register(stock), teardown: register(own) }
}
