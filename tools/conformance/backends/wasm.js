// @audiotag/backend's wasm. The specs reset the engine again and again; the one backend that useWasm started outlives that.
import { backend, registerBackend, removeBackend } from '@tensorflow/tfjs-core'
import { useWasm } from '@audiotag/backend'

export const backendName = 'wasm'

export async function start({ threads }) {
  await useWasm({ threads })
  const running = backend()
  running.dispose = () => {}
  removeBackend('wasm')
  registerBackend('wasm', () => running, 2)
}
