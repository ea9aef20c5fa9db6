// @audiotag/backend's webgpu. The specs reset the engine again and again; the one backend that useWebGpu started outlives that.
import { backend, registerBackend, removeBackend } from '@tensorflow/tfjs-core'
import { useWebGpu } from '@audiotag/backend'

import { dawn } from '../dawn.js'

export const backendName = 'webgpu'
export const isDataSync = false

export async function start() {
  const { adapter } = await useWebGpu({ gpu: await dawn() })
  const running = backend()
  running.dispose = () => {}
  removeBackend('webgpu')
  registerBackend('webgpu', () => running, 2)
  return adapter
}
