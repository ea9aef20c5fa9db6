import { backend, getBackend, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from './errors.js'
import { requirePrecision } from './precision.js'
import type { Precision } from './precision.js'
import type { NodeBackend } from './tensorflow/node-backend.js'

/** Options of `useTensorFlow`. */
export interface TensorFlowOptions {
  /** `'cpu'` hides every GPU from TensorFlow, `'gpu'` refuses to run without one. Default: a GPU where TensorFlow sees one. */
  readonly device?: 'cpu' | 'gpu'
  /**
   * Of convolutions and their gradients, from this call on: `'float32'` or `'bfloat16'`, which pays on processors with AMX or AVX512-BF16. Default: what it was; `'float32'` at first.
   */
  readonly precision?: Precision
}

/** What `useTensorFlow` started. */
export interface TensorFlowStarted {
  /** TensorFlow's version. */
  readonly version: string
  readonly device: 'cpu' | 'gpu'
  /** The package, or the folder of `audiotag-tensorflow install`, that it was loaded from. */
  readonly source: string
  /** Whether convolution, bias and activation run as one operation: with the addon of `audiotag-tensorflow install` they do. */
  readonly fused: boolean
  /** Whether operations wait for each other and run together: with that addon, on a processor, they do. */
  readonly graphs: boolean
  /** Of convolutions. */
  readonly precision: Precision
}

let started: Promise<Omit<TensorFlowStarted, 'precision'>> | undefined

/**
 * Makes TensorFlow.js run on TensorFlow, in Node: through the user's own @tensorflow/tfjs-node(-gpu) if there is one that works, else through what
 * `audiotag-tensorflow install` built. Any TensorFlow.js model trains faster than with the stock package: padding of any kind in convolutions, poolings and their
 * gradients, fused batch norm, ReLU's gradient in one operation, optimisers in place. Later calls return what the first one started, and make
 * it the current backend again.
 *
 * Threads are TensorFlow's own. On a GPU, float32 convolutions are TF32 unless NVIDIA_TF32_OVERRIDE is 0. It sets TF_FORCE_GPU_ALLOW_GROWTH, TF_CUDNN_DETERMINISTIC, TF_CPP_MIN_LOG_LEVEL and TF_OVERRIDE_GLOBAL_THREADPOOL, unless you did; from a worker that has no effect, nor has `'cpu'` on a machine with a GPU.
 *
 * @throws BackendError `option` for a bad device or a change of it after the start, and for a precision that there is not, `missing` when there is no TensorFlow or no GPU, `start` when it cannot be loaded.
 */
export async function useTensorFlow({ device, precision }: TensorFlowOptions = {}): Promise<TensorFlowStarted> {
  if (device !== undefined && device !== 'cpu' && device !== 'gpu') {
    throw new BackendError('option', `useTensorFlow: device must be 'cpu' or 'gpu', got ${String(device)}. Leave it out for what is there.`)
  }
  requirePrecision('useTensorFlow', precision, 'bfloat16')
  started ??= import('./tensorflow/start-tensorflow.js').then(({ startTensorFlow }) => startTensorFlow(device))
  let running: Omit<TensorFlowStarted, 'precision'>
  try {
    running = await started
  } catch (error) {
    started = undefined
    throw error
  }
  if (device === 'gpu' && running.device === 'cpu') {
    const { version, source } = running
    throw new BackendError(
      'missing',
      `useTensorFlow: TensorFlow ${version} (${source}) sees no GPU. Install one with CUDA, or use { device: 'cpu' }.`,
    )
  }
  if (device === 'cpu' && running.device === 'gpu') {
    throw new BackendError(
      'option',
      "useTensorFlow: already running on a GPU, got device 'cpu'. The device counts at the first call of a process only.",
    )
  }
  if (getBackend() !== 'tensorflow') await setBackend('tensorflow')
  const { convolutionPrecision, setConvolutionPrecision } = await import('./tensorflow/convolution-precision.js')
  if (precision !== undefined) setConvolutionPrecision(backend() as unknown as NodeBackend, precision)
  return Object.freeze({ ...running, precision: convolutionPrecision() })
}
