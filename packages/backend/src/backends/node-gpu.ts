import { missingTensorFlow } from '../tensorflow/find-tensorflow.js'
import { useTensorFlow } from '../use-tensorflow.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on a GPU. */
export const nodeGpu: BackendChoice = {
  name: 'node-gpu',
  missing: () => Promise.resolve(missingTensorFlow('gpu')),
  start: async () => {
    const { version } = await useTensorFlow({ device: 'gpu' })
    return { threads: 1, simd: 'none', reason: `TensorFlow ${version} on a GPU, with training kernels` }
  },
}
