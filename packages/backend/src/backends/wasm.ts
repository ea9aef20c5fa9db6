import { useWasm } from '../use-wasm.js'
import { hasSimd } from '../wasm/load-module.js'
import type { BackendChoice } from './backend.js'

/** WebAssembly with this package's kernels. */
export const wasm: BackendChoice = {
  name: 'wasm',
  missing: async () => {
    if (typeof WebAssembly !== 'object') return 'this engine has no WebAssembly'
    if (!hasSimd()) return 'this engine has no WebAssembly SIMD'
    try {
      await import('@tensorflow/tfjs-backend-wasm')
    } catch {
      return '@tensorflow/tfjs-backend-wasm is not installed'
    }
    return undefined
  },
  start: async ({ threads }) => {
    const started = await useWasm(threads === undefined ? {} : { threads })
    return { ...started, reason: `WebAssembly SIMD with training kernels on ${started.threads} thread${started.threads === 1 ? '' : 's'}` }
  },
}
