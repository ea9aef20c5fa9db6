// TensorFlow on a GPU with @audiotag/backend's kernels.
import { useTensorFlow } from '@audiotag/backend'

import { keepRunning } from '../keep-running.js'

export const backendName = 'tensorflow'

export async function start() {
  await useTensorFlow({ device: 'gpu' })
  keepRunning('tensorflow')
  return 'GPU'
}
