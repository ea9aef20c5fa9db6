import { missingTensorFlow } from '../tensorflow/find-tensorflow.js'
import { useTensorFlow } from '../use-tensorflow.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on the CPU. */
export const node: BackendChoice = {
  name: 'node',
  precisions: ['bfloat16'],
  missing: () => Promise.resolve(missingTensorFlow('cpu')),
  start: async ({ precision = 'float32' }) => {
    const { version } = await useTensorFlow({ device: 'cpu', precision })
    return { threads: availableThreads(), simd: 'none', precision, reason: `TensorFlow ${version} on the processor, with training kernels` }
  },
}

/** TensorFlow takes all processors that the process may use. */
function availableThreads(): number {
  return process.getBuiltinModule('node:os').availableParallelism()
}
