// A thread of the kernel pool: waits for jobs on the board and does its part of each. Runs as a worker of Node or of a browser.
import { DONE, FAILED, GENERATION, KERNEL, PARAMETERS } from './job-board.js'
import type { WorkerTask } from './job-board.js'
import { KERNEL_NAMES } from './kernel-names.js'
import type { Kernels } from './kernel-names.js'

/** Looks at the board before sleeping: jobs of a step follow each other within microseconds. */
const SPINS = 2000

function work({ module, memory, board, part, parts }: WorkerTask, ready: () => void): void {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels
  let generation = Atomics.load(board, GENERATION)
  ready()
  for (;;) {
    for (let i = 0; i < SPINS && Atomics.load(board, GENERATION) === generation; i++);
    while (Atomics.load(board, GENERATION) === generation) Atomics.wait(board, GENERATION, generation)
    generation = Atomics.load(board, GENERATION)
    try {
      kernels[KERNEL_NAMES[Atomics.load(board, KERNEL)]](Atomics.load(board, PARAMETERS) >>> 0, part, parts)
    } catch {
      Atomics.store(board, FAILED, part + 1)
    }
    Atomics.add(board, DONE, 1)
    Atomics.notify(board, DONE)
  }
}

const threads = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined
if (threads?.parentPort) {
  const port = threads.parentPort
  port.once('message', (task: WorkerTask) => work(task, () => port.postMessage('ready')))
} else {
  globalThis.addEventListener(
    'message',
    (event) => work((event as MessageEvent<WorkerTask>).data, () => globalThis.postMessage('ready', {})),
    {
      once: true,
    },
  )
}
