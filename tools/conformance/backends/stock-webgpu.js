// TensorFlow.js's WebGPU as it comes, to compare with.
import { registerBackend } from '@tensorflow/tfjs-core'

import { dawn } from '../dawn.js'

export const backendName = 'webgpu'
export const isDataSync = false

export async function start() {
  const gpu = await dawn()
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  // Registers itself where it finds navigator.gpu; then always with the one device, as making one takes long.
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu')
  const adapter = await gpu.requestAdapter()
  const device = await adapter.requestDevice()
  const running = new WebGPUBackend(device, adapter.info)
  running.dispose = () => {}
  registerBackend('webgpu', () => running, 2)
}
