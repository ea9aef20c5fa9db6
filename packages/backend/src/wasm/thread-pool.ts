import { BackendError } from '../errors.js'
import { BOARD_WORDS, DONE, FAILED, freshState, KERNEL, PARAMETERS, PARTS, SLEEPING, STATE, takePart, WAITING } from './job-board.js'
import type { WorkerTask } from './job-board.js'
import { KERNEL_NAMES } from './kernel-names.js'
import type { KernelName, Kernels } from './kernel-names.js'
import { fileOfPackage } from './load-module.js'
import { spin } from './spin.js'

/** Milliseconds until all workers must have answered at start. */
const START_MILLISECONDS = 10_000
/** Milliseconds that workers may take longer for their part than the main thread for its own. */
const PART_MILLISECONDS = 60_000

/** Workers that share the wasm memory with the main thread and split every kernel with it. */
export interface ThreadPool {
  /** Runs all parts of a job, here and on the workers; returns when all are done. */
  readonly run: (kernel: KernelName, parameters: number, parts: number) => void
  /** Whether every worker looks for work, so that sharing a job out takes less than a microsecond. */
  readonly awake: () => boolean
  /** Ends the workers. They end with the process by themselves. */
  readonly close: () => void
}

interface StartedWorker {
  post(task: WorkerTask): void
  terminate(): void
  readonly ready: Promise<void>
}

/**
 * Starts `threads - 1` workers on a shared memory.
 *
 * @throws BackendError `timeout` when a worker does not answer, `start` when it fails.
 */
export async function startThreadPool(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  kernels: Kernels,
  threads: number,
): Promise<ThreadPool> {
  const board = new Int32Array(new SharedArrayBuffer(BOARD_WORDS * 4))
  Atomics.store(board, STATE, freshState(0, 0))
  const workers = Array.from({ length: threads - 1 }, () => startWorker())
  const close = (): void => {
    for (const worker of workers) worker.terminate()
  }
  for (const [i, worker] of workers.entries()) worker.post({ module, memory, board, thread: i + 1, threads })
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = `useWasm: ${threads - 1} worker(s) did not start within ${START_MILLISECONDS / 1000} s. Use { threads: 1 }.`
    timer = setTimeout(() => reject(new BackendError('timeout', message)), START_MILLISECONDS)
  })
  try {
    await Promise.race([Promise.all(workers.map((worker) => worker.ready)), late])
  } catch (error) {
    close()
    throw error
  } finally {
    clearTimeout(timer)
  }
  let job = 0
  // A page's own thread must spin.
  const mayWait = typeof document === 'undefined'

  return {
    close,
    awake: () => Atomics.load(board, SLEEPING) === 0,
    run(kernel, parameters, parts) {
      job++
      // No part is left, even of a job that failed, until everything says the new one's.
      Atomics.store(board, STATE, freshState(job, 0))
      Atomics.store(board, KERNEL, KERNEL_NAMES.indexOf(kernel))
      Atomics.store(board, PARAMETERS, parameters | 0)
      Atomics.store(board, PARTS, parts)
      Atomics.store(board, DONE, 0)
      Atomics.store(board, STATE, freshState(job, parts))
      if (Atomics.load(board, SLEEPING) !== 0) Atomics.notify(board, STATE)
      for (let part = takePart(board, 0, threads); part !== -1; part = takePart(board, 0, threads)) {
        kernels[kernel](parameters, part, parts, 0)
        Atomics.add(board, DONE, 1)
      }
      let started = 0
      for (let done = Atomics.load(board, DONE); done < parts; done = Atomics.load(board, DONE)) {
        if (spin(board, DONE, done)) continue
        started ||= performance.now()
        if (performance.now() - started > PART_MILLISECONDS) {
          throw new BackendError('timeout', `wasm: a worker did not finish its part of ${kernel}. Start again with { threads: 1 }.`)
        }
        if (!mayWait) continue
        Atomics.store(board, WAITING, 1)
        Atomics.wait(board, DONE, done, 100)
        Atomics.store(board, WAITING, 0)
      }
      const failed = Atomics.load(board, FAILED)
      if (failed !== 0) throw new BackendError('start', `wasm: worker ${failed - 1} failed in ${kernel}. Start again with { threads: 1 }.`)
    },
  }
}

/** One worker, of Node or of a browser. */
function startWorker(): StartedWorker {
  const threads = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined
  if (threads) {
    const worker = new threads.Worker(fileOfPackage('wasm/kernel-worker.js'))
    const ready = new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve())
      worker.once('error', (error) => reject(new BackendError('start', `useWasm: a worker failed: ${error.message}`, { cause: error })))
      worker.once('exit', () => reject(new BackendError('start', 'useWasm: a worker ended before it was ready. Use { threads: 1 }.')))
    })
    // Neither the wait for a job nor the worker itself keeps the process alive once it has started.
    const unref = (): void => worker.unref()
    ready.then(unref, unref)
    return { ready, post: (task) => worker.postMessage(task, []), terminate: () => void worker.terminate() }
  }
  const worker = new Worker(new URL('./kernel-worker.js', import.meta.url), { type: 'module' })
  const ready = new Promise<void>((resolve, reject) => {
    worker.addEventListener('message', () => resolve(), { once: true })
    worker.addEventListener('error', (event) => reject(new BackendError('start', `useWasm: a worker failed: ${event.message}`)), {
      once: true,
    })
  })
  return { ready, post: (task) => worker.postMessage(task, []), terminate: () => worker.terminate() }
}
