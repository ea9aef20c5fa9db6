import type { TensorFlowKernels } from './own-kernels.js'

/** What @tensorflow/tfjs-node lacks or gets wrong. */
export const stockFaultsKernels: TensorFlowKernels = () => ({})
