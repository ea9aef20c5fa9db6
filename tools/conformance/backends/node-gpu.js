// TensorFlow on a GPU with @audiotag/backend's kernels. The specs reset the engine again and again; the one backend that useTensorFlow started outlives that.
import { backend, registerBackend, removeBackend } from '@tensorflow/tfjs-core'
import { useTensorFlow } from '@audiotag/backend'

export const backendName = 'tensorflow'

export async function start() {
  await useTensorFlow({ device: 'gpu' })
  const running = backend()
  running.dispose = () => {}
  removeBackend('tensorflow')
  registerBackend('tensorflow', () => running, 3)
}
