import { getBackend, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from './errors.js'
import { defaultThreads, MAXIMUM_THREADS, sharedMemoryReason } from './wasm/default-threads.js'
import { guardMemory } from './wasm/guard-memory.js'
import { Heap } from './wasm/heap.js'
import type { Kernels } from './wasm/kernel-names.js'
import { hasRelaxedSimd, loadModule } from './wasm/load-module.js'
import { registerOwnKernels } from './wasm/own-kernels.js'
import { startTfjs } from './wasm/start-tfjs.js'
import { startThreadPool } from './wasm/thread-pool.js'

/** Options of `useWasm`. */
export interface WasmOptions {
  /**
   * Threads of this package's kernels, 1 … 8. Default: physical cores in Node and in pages that are cross-origin isolated, else 1.
   * The results have the same bits for every count.
   */
  readonly threads?: number
  /**
   * `'plain'` (default) has the same bits on every machine. `'relaxed'` multiplies and adds with one rounding where the engine and the processor can,
   * which is faster on some of them; its bits depend on the machine. Node 22 and newer.
   */
  readonly simd?: 'plain' | 'relaxed'
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
 * Any TensorFlow.js model trains afterwards. Later calls return what the first one started, and make wasm
 * the current backend again.
 *
 * @throws BackendError `option` for bad options or a change of them after the start, `start` when something cannot be started, `timeout` when it hangs.
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core'
 * import { useWasm } from '@audiotag/backend'
 *
 * const { threads, simd } = await useWasm({ threads: 1 })
 * threads // => 1
 * simd // => 'plain'
 * tf.getBackend() // => 'wasm'
 */
export async function useWasm(options: WasmOptions = {}): Promise<WasmStarted> {
  const { simd = 'plain' } = options
  const threads = options.threads ?? defaultThreads()
  if (!Number.isInteger(threads) || threads < 1 || threads > MAXIMUM_THREADS) {
    throw new BackendError(
      'option',
      `useWasm: threads must be an integer from 1 to ${MAXIMUM_THREADS}, got ${String(options.threads)}. Leave it out for the default.`,
    )
  }
  if (simd !== 'plain' && simd !== 'relaxed') {
    throw new BackendError('option', `useWasm: simd must be 'plain' or 'relaxed', got ${String(simd)}. Leave it out for 'plain'.`)
  }
  if (simd === 'relaxed' && !hasRelaxedSimd()) {
    throw new BackendError('option', "useWasm: this engine has no relaxed SIMD. Use simd: 'plain', or Node 22 or newer.")
  }
  const reason = threads > 1 ? sharedMemoryReason() : undefined
  if (reason) throw new BackendError('option', `useWasm: ${threads} threads need shared memory, but ${reason}. Use { threads: 1 }.`)
  started ??= start(threads, simd)
  let running: WasmStarted
  try {
    running = await started
  } catch (error) {
    started = undefined
    throw error
  }
  if ((options.threads ?? running.threads) !== running.threads || (options.simd ?? running.simd) !== running.simd) {
    throw new BackendError(
      'option',
      `useWasm: already running with ${running.threads} thread(s) and ${running.simd} SIMD, got ${JSON.stringify(options)}. Options count at the first call of a process only.`,
    )
  }
  if (getBackend() !== 'wasm') await setBackend('wasm')
  return running
}

async function start(threads: number, simd: 'plain' | 'relaxed'): Promise<WasmStarted> {
  const module = await loadModule(threads > 1, simd)
  const { backend, memory } = await startTfjs(threads > 1)
  guardMemory(backend, memory)
  const kernels = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Kernels
  const pool = threads > 1 ? await startThreadPool(module, memory, kernels, threads) : undefined
  heaps.set(backend, new Heap(backend, memory, kernels, threads, pool))
  registerOwnKernels((running) => {
    const heap = heaps.get(running as object)
    if (!heap) throw new BackendError('start', 'wasm: this backend was not started by useWasm. Call useWasm before any other use of wasm.')
    return heap
  })
  return Object.freeze({ threads, simd })
}
