import type { KernelBackend } from '@tensorflow/tfjs-core'
import { backend, findBackend, getKernelsForBackend, registerBackend, setBackend, unregisterKernel } from '@tensorflow/tfjs-core'

import type { Binding } from './binding.js'
import type { Candidate } from './find-tensorflow.js'
import type { NodeBackend } from './node-backend.js'

/** Where TensorFlow.js's files for the addon find TensorFlow.js: in the copy that this package uses. Written by the installer as well. */
export const SHARED_TFJS = '@audiotag/backend: tfjs-core'

/** Loads a TensorFlow and registers it as TensorFlow.js's backend `tensorflow`. */
export async function loadTensorFlow({ kind, place }: Candidate, hideGpu: boolean): Promise<NodeBackend> {
  // TensorFlow reads these when it is loaded. Without the first it takes all memory of a GPU at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'
  // cuDNN's fastest gradients add in the order in which threads happen to come, and which is fastest is timed anew in each process.
  process.env['TF_CUDNN_DETERMINISTIC'] ??= '1'
  // Without this one it writes what could be compiled otherwise; its two lines on oneDNN cannot be kept back.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1'
  // Each graph has threads of its own, as many as suit it.
  process.env['TF_OVERRIDE_GLOBAL_THREADPOOL'] ??= '1'
  const before = process.env['CUDA_VISIBLE_DEVICES']
  if (hideGpu) process.env['CUDA_VISIBLE_DEVICES'] = '-1'
  try {
    if (kind === 'stock') loadStock(place)
    else loadOwn(place)
    if (!(await setBackend('tensorflow'))) throw new Error(`TensorFlow.js could not start its backend 'tensorflow' from ${place}`)
    return backend() as unknown as NodeBackend
  } finally {
    if (hideGpu) {
      if (before === undefined) delete process.env['CUDA_VISIBLE_DEVICES']
      else process.env['CUDA_VISIBLE_DEVICES'] = before
    }
  }
}

/** The user's package, as it is. It uses two functions that Node 22 warns of and Node 23 has not. */
function loadStock(name: string): void {
  const { createRequire } = process.getBuiltinModule('node:module')
  const [major] = process.versions.node.split('.')
  if (Number(major) >= 22) {
    const util = process.getBuiltinModule('node:util') as unknown as object
    const define = (key: string, value: unknown): void => {
      Object.defineProperty(util, key, { value, configurable: true, writable: true, enumerable: false })
    }
    define('isNullOrUndefined', (value: unknown) => value === null || value === undefined)
    define('isArray', Array.isArray)
  }
  createRequire(import.meta.url)(name)
}

/** The addon of this package's installer, with the JavaScript of @tensorflow/tfjs-node beside it. */
function loadOwn(folder: string): void {
  const { createRequire } = process.getBuiltinModule('node:module')
  const path = process.getBuiltinModule('node:path')
  const shared = globalThis as unknown as Record<symbol, unknown>
  shared[Symbol.for(SHARED_TFJS)] = createRequire(import.meta.url)('@tensorflow/tfjs-core')
  const requireThere = createRequire(path.join(folder, 'tfjs-node', 'package.json'))
  const binding = requireThere(path.join(folder, 'tfjs_binding.node')) as Binding
  // What a stock package has registered before it failed; a second time, TensorFlow.js would warn of each.
  for (const { kernelName } of getKernelsForBackend('tensorflow')) unregisterKernel(kernelName, 'tensorflow')
  requireThere('./dist/register_all_kernels')
  const { NodeJSKernelBackend } = requireThere('./dist/nodejs_kernel_backend') as {
    NodeJSKernelBackend: new (binding: Binding, name: string) => KernelBackend
  }
  const { nodeFileSystemRouter } = requireThere('./dist/io/file_system') as { nodeFileSystemRouter: never }
  const { io } = shared[Symbol.for(SHARED_TFJS)] as typeof import('@tensorflow/tfjs-core')
  io.registerLoadRouter(nodeFileSystemRouter)
  io.registerSaveRouter(nodeFileSystemRouter)
  if (findBackend('tensorflow') === null) {
    registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3)
  }
}
