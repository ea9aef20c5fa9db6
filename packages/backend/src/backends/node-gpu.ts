import { missingTensorFlow } from '../tensorflow/find-tensorflow.js'
import { useTensorFlow } from '../use-tensorflow.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on a GPU. */
export const nodeGpu: BackendChoice = {
  name: 'node-gpu',
  precisions: ['bfloat16'],
  missing: () => Promise.resolve(missingTensorFlow('gpu')),
  start: async ({ precision = 'float32' }) => {
    const { version } = await useTensorFlow({ device: 'gpu', precision })
    return { threads: 1, simd: 'none', precision, reason: `TensorFlow ${version} on a GPU, with training kernels` }
  },
}
