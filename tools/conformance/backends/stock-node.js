// TensorFlow with @tensorflow/tfjs-node's kernels as they come, on what `audiotag-tensorflow install` built, to compare with.
import { findTensorFlow } from '../../../packages/backend/dist/tensorflow/find-tensorflow.js'
import { loadTensorFlow } from '../../../packages/backend/dist/tensorflow/load-tensorflow.js'
import { keepRunning } from '../keep-running.js'

export const backendName = 'tensorflow'

export async function start() {
  const { candidates, reasons } = findTensorFlow('cpu')
  if (candidates.length === 0) throw new Error(reasons.join('; '))
  const running = await loadTensorFlow(candidates[0], true)
  keepRunning('tensorflow', running)
}
