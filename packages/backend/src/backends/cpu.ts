import { backend, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow.js in plain JavaScript: complete and exact, a thousand times slower than wasm at convolutions. */
export const cpu: BackendChoice = {
  name: 'cpu',
  missing: async () => {
    try {
      await import('@tensorflow/tfjs-backend-cpu')
    } catch {
      return '@tensorflow/tfjs-backend-cpu is not installed'
    }
    return undefined
  },
  start: async () => {
    if (!(await setBackend('cpu'))) throw new BackendError('start', 'selectBackend: TensorFlow.js could not start its cpu backend.')
    // Else it prints an advert for tfjs-node at its first tensor.
    ;(backend() as unknown as { firstUse: boolean }).firstUse = false
    return { threads: 1, simd: 'none', reason: 'plain JavaScript, for checking other backends' }
  },
}
