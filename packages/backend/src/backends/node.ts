import { notYet } from './backend.js'
import type { BackendChoice } from './backend.js'

/** TensorFlow on the CPU through @tensorflow/tfjs-node. */
export const node: BackendChoice = notYet('node', 'this version does not drive @tensorflow/tfjs-node')
