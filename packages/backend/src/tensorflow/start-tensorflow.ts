import { findBackend } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { TensorFlowStarted } from '../use-tensorflow.js'
import { deferBinding } from './deferred-binding.js'
import { findTensorFlow, missingTensorFlow } from './find-tensorflow.js'
import { guardBinding } from './guard-binding.js'
import { keepConstants } from './keep-constants.js'
import { loadTensorFlow } from './load-tensorflow.js'
import type { NodeBackend } from './node-backend.js'
import { registerOwnKernels } from './own-kernels.js'

/** Loads the first TensorFlow that works, with this package's kernels. */
export async function startTensorFlow(device: 'cpu' | 'gpu' | undefined): Promise<Omit<TensorFlowStarted, 'precision'>> {
  // A program that imported @tensorflow/tfjs-node itself has its backend already.
  if (findBackend('tensorflow') !== null) return prepare(findBackend('tensorflow') as NodeBackend, '@tensorflow/tfjs-node')
  const missing = missingTensorFlow(device ?? 'cpu')
  if (missing !== undefined) throw new BackendError('missing', `useTensorFlow: ${missing}.`)
  const failures: string[] = []
  let cause: unknown
  for (const candidate of findTensorFlow(device).candidates) {
    let backend
    try {
      backend = await loadTensorFlow(candidate, device === 'cpu')
    } catch (error) {
      failures.push(`${candidate.place}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
      cause ??= error
      continue
    }
    return prepare(backend, candidate.place)
  }
  throw new BackendError(
    'start',
    `useTensorFlow: TensorFlow could not be loaded. ${failures.join('; ')}. Run npx audiotag-tensorflow status, then install it again.`,
    { cause },
  )
}

/** Gives a backend that runs this package's kernels. */
function prepare(backend: NodeBackend, source: string): Omit<TensorFlowStarted, 'precision'> {
  const onGpu = backend.binding.isUsingGpuDevice()
  const binding = guardBinding(onGpu ? keepConstants(backend.binding) : backend.binding)
  // A graph takes and gives numbers in the processor's memory: on a GPU each group would wait for copies. The stock addon's graphs have other bits than its operations.
  const defers = binding.audiotagSessionConfig === 1 && !onGpu
  backend.binding = defers ? deferBinding(binding) : binding
  registerOwnKernels(backend)
  return Object.freeze({
    version: backend.binding.TF_Version,
    device: onGpu ? ('gpu' as const) : ('cpu' as const),
    source,
    fused: backend.binding.audiotagListAttributes === 1,
    graphs: defers,
  })
}
