import { notYet } from './backend.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on CUDA through @tensorflow/tfjs-node-gpu. */
export const nodeGpu: BackendChoice = notYet('node-gpu', 'this version does not drive @tensorflow/tfjs-node-gpu')
