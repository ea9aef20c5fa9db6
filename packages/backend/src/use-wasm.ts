import { backend as currentBackend, env, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from './errors.js'
import { guardMemory } from './wasm/guard-memory.js'
import { Heap } from './wasm/heap.js'
import type { KernelExport, KernelName } from './wasm/kernel-names.js'
import { loadModule } from './wasm/load-module.js'
import { registerOwnKernels } from './wasm/own-kernels.js'
import type { WasmBackend } from './wasm/wasm-backend.js'

/** Options of `useWasm`. */
export interface WasmOptions {
  /** Threads, 1 … 8. Default 1. */
  readonly threads?: number
}

/** What `useWasm` started. */
export interface WasmStarted {
  readonly threads: number
  readonly simd: 'plain' | 'relaxed'
}

let started: Promise<WasmStarted> | undefined
const heaps = new WeakMap<object, Heap>()

/**
 * Makes TensorFlow.js run on its wasm backend with this package's kernels: convolution gradients, fused batch norm, pooling, matrix products and optimisers.
 * Any TensorFlow.js model trains afterwards. A second call changes nothing.
 *
 * @throws BackendError `option` for a bad thread count, `start` when the module cannot be started.
 */
export async function useWasm(options: WasmOptions = {}): Promise<WasmStarted> {
  const threads = options.threads ?? 1
  if (!Number.isInteger(threads) || threads < 1 || threads > 8) {
    throw new BackendError('option', `useWasm: threads must be an integer from 1 to 8, got ${threads}. Leave it out for the default.`)
  }
  started ??= start(threads)
  try {
    return await started
  } catch (error) {
    started = undefined
    throw error
  }
}

async function start(_threads: number): Promise<WasmStarted> {
  await import('@tensorflow/tfjs-backend-wasm')
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  const module = await loadModule('kernels.wasm')
  if (!(await setBackend('wasm'))) {
    throw new BackendError(
      'start',
      'useWasm: TensorFlow.js could not start its wasm backend; the reason is on the console. Use the cpu backend.',
    )
  }
  const backend = currentBackend() as WasmBackend
  const memory = memoryOf(backend)
  guardMemory(backend, memory)
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  heaps.set(backend, new Heap(backend, memory, instance.exports as unknown as Record<KernelName, KernelExport>))
  registerOwnKernels((backend) => {
    const heap = heaps.get(backend as object)
    if (!heap) throw new BackendError('start', 'wasm: this backend was not started by useWasm. Call useWasm instead of setBackend.')
    return heap
  })
  return { threads: 1, simd: 'plain' }
}

/** The memory of the plain module is among its exports. */
function memoryOf(backend: WasmBackend): WebAssembly.Memory {
  const { asm } = backend.wasm
  const memory = Object.values(asm).find((value) => value instanceof WebAssembly.Memory)
  if (!memory)
    throw new BackendError('start', 'useWasm: TensorFlow.js hides its wasm memory; this package knows 4.22.0. Install that version.')
  return memory
}
