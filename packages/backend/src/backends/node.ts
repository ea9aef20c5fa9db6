import { missingTensorFlow } from '../tensorflow/find-tensorflow.js'
import { useTensorFlow } from '../use-tensorflow.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on the CPU. */
export const node: BackendChoice = {
  name: 'node',
  missing: () => Promise.resolve(missingTensorFlow('cpu')),
  start: async () => {
    const { version } = await useTensorFlow({ device: 'cpu' })
    return { threads: availableThreads(), simd: 'none', reason: `TensorFlow ${version} on the processor, with training kernels` }
  },
}

/** TensorFlow takes all processors that the process may use. */
function availableThreads(): number {
  return process.getBuiltinModule('node:os').availableParallelism()
}
