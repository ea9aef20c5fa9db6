// A thread of the kernel pool: takes parts of jobs from the board. Runs as a worker of Node or of a browser.
import { DONE, FAILED, hasParts, KERNEL, PARAMETERS, PARTS, SLEEPING, STATE, takePart, WAITING } from './job-board.js'
import type { WorkerTask } from './job-board.js'
import { KERNEL_NAMES } from './kernel-names.js'
import type { Kernels } from './kernel-names.js'
import { spin } from './spin.js'

function work({ module, memory, board, thread, threads }: WorkerTask, ready: () => void): void {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels
  ready()
  for (;;) {
    const part = takePart(board, thread, threads)
    if (part === -1) {
      rest(board)
      continue
    }
    try {
      // The job cannot change before this part is done.
      const kernel = KERNEL_NAMES[Atomics.load(board, KERNEL)]
      kernels[kernel](Atomics.load(board, PARAMETERS) >>> 0, part, Atomics.load(board, PARTS), thread)
    } catch {
      Atomics.store(board, FAILED, thread + 1)
    }
    Atomics.add(board, DONE, 1)
    if (Atomics.load(board, WAITING) !== 0) Atomics.notify(board, DONE)
  }
}

/** Waits until the board says something new. */
function rest(board: Int32Array): void {
  const state = Atomics.load(board, STATE)
  if (hasParts(state)) return
  if (spin(board, STATE, state)) return
  // Whoever changes STATE afterwards sees the sleeper; whoever has changed it before, the wait sees.
  Atomics.add(board, SLEEPING, 1)
  Atomics.wait(board, STATE, state)
  Atomics.sub(board, SLEEPING, 1)
}

const workers = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined
if (workers?.parentPort) {
  const port = workers.parentPort
  port.once('message', (task: WorkerTask) => work(task, () => port.postMessage('ready')))
} else {
  globalThis.addEventListener(
    'message',
    (event) => work((event as MessageEvent<WorkerTask>).data, () => globalThis.postMessage('ready', {})),
    { once: true },
  )
}
