import { backend, registerBackend, removeBackend } from '@tensorflow/tfjs-core'

/** The specs reset the engine again and again: the backend that runs, made once, outlives that. */
export function keepRunning(name, running = backend()) {
  running.dispose = () => {}
  removeBackend(name)
  registerBackend(name, () => running, 3)
}
