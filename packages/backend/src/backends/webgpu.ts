import { notYet } from './backend.js'
import type { BackendChoice } from './backend.js'

/** WebGPU in browsers, and in Node through Dawn. */
export const webgpu: BackendChoice = notYet(
  'webgpu',
  'this version has no WebGPU kernels that train: TensorFlow.js returns zeros instead of errors when a limit of the device is passed',
)
