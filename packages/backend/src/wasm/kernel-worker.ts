// A thread of the kernel pool: takes parts of jobs from the board. Runs as a worker of Node or of a browser.
import { DONE, FAILED, KERNEL, PARAMETERS, PART_LIMIT, PARTS, STATE, takePart } from './job-board.js'
import type { WorkerTask } from './job-board.js'
import { KERNEL_NAMES } from './kernel-names.js'
import type { Kernels } from './kernel-names.js'

/** Looks at the board before sleeping: jobs of a step follow each other within microseconds. */
const SPINS = 2000

function work({ module, memory, board, thread }: WorkerTask, ready: () => void): void {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels
  ready()
  for (;;) {
    const part = takePart(board)
    if (part === -1) {
      rest(board)
      continue
    }
    try {
      // The job cannot change before this part is done.
      const kernel = KERNEL_NAMES[Atomics.load(board, KERNEL)]
      kernels[kernel](Atomics.load(board, PARAMETERS) >>> 0, part, Atomics.load(board, PARTS))
    } catch {
      Atomics.store(board, FAILED, thread + 1)
    }
    Atomics.add(board, DONE, 1)
    Atomics.notify(board, DONE)
  }
}

/** Waits until the board says something new. */
function rest(board: Int32Array): void {
  const state = Atomics.load(board, STATE)
  if ((state & (PART_LIMIT - 1)) < Atomics.load(board, PARTS)) return
  for (let i = 0; i < SPINS; i++) if (Atomics.load(board, STATE) !== state) return
  Atomics.wait(board, STATE, state)
}

const threads = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined
if (threads?.parentPort) {
  const port = threads.parentPort
  port.once('message', (task: WorkerTask) => work(task, () => port.postMessage('ready')))
} else {
  globalThis.addEventListener(
    'message',
    (event) => work((event as MessageEvent<WorkerTask>).data, () => globalThis.postMessage('ready', {})),
    { once: true },
  )
}
