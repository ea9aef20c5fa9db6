import { useWebGpu } from '../use-webgpu.js'
import { findGpu } from '../webgpu/find-gpu.js'
import { findAdapter, isSoftware } from '../webgpu/open-device.js'
import type { BackendChoice } from './backend.js'

/** WebGPU in browsers, and in Node through Dawn. */
export const webgpu: BackendChoice = {
  name: 'webgpu',
  precisions: ['float16'],
  missing: async () => {
    try {
      await import('@tensorflow/tfjs-backend-webgpu')
    } catch {
      return '@tensorflow/tfjs-backend-webgpu is not installed'
    }
    const { gpu, reason } = await findGpu()
    if (!gpu) return reason
    const adapter = await findAdapter(gpu)
    return typeof adapter === 'string' ? adapter : undefined
  },
  unwanted: async () => {
    const { gpu } = await findGpu()
    const adapter = gpu && (await findAdapter(gpu))
    if (typeof adapter !== 'object' || !isSoftware(adapter)) return undefined
    return `its adapter is software (${adapter.info.description || adapter.info.device}), which computes on the processor, slower than wasm; name it to have it`
  },
  start: async ({ precision = 'float32' }) => {
    const { adapter } = await useWebGpu({ precision })
    return { threads: 1, simd: 'none', precision, reason: `WebGPU with training kernels on ${adapter}` }
  },
}
