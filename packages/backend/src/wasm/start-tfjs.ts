import { backend, env, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { bundledFiles } from './bundled-files.js'
import type { WasmBackend } from './wasm-backend.js'

/** Milliseconds that TensorFlow.js may take to start. */
const START_MILLISECONDS = 20_000

/** TensorFlow.js's backend and the memory it lives in. */
export interface StartedTfjs {
  readonly backend: WasmBackend
  readonly memory: WebAssembly.Memory
}

/** Memories that were found; a start that failed later may be tried again. */
const memories = new WeakMap<object, WebAssembly.Memory>()
let pathsGiven = false

/**
 * Starts TensorFlow.js's wasm backend: its plain build, or with `shared` the one whose memory other threads can see.
 *
 * The shared build would start eight workers of its own, which hang in Node (tfjs issues 3830, 4025). It gets idle stand-ins instead and runs on one thread:
 * everything heavy is this package's kernels, which bring their own threads.
 */
export async function startTfjs(shared: boolean): Promise<StartedTfjs> {
  const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  const files = pathsGiven ? undefined : await bundledFiles()
  // TensorFlow.js refuses paths after a start that failed.
  pathsGiven = true
  if (files) setWasmPaths(files)
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', shared)
  if (shared) setThreadsCount(1)
  const sharedMemory = shared ? standInForWorkers() : undefined
  const restoreListeners = keepListeners()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = `useWasm: TensorFlow.js did not start within ${START_MILLISECONDS / 1000} s. Use { threads: 1 } or the cpu backend.`
    timer = setTimeout(() => reject(new BackendError('timeout', message)), START_MILLISECONDS)
  })
  try {
    if (!(await Promise.race([setBackend('wasm'), late]))) {
      throw new BackendError(
        'start',
        'useWasm: TensorFlow.js could not start its wasm backend; the reason is on the console. In a page, serve its .wasm files. Or use the cpu backend.',
      )
    }
  } finally {
    clearTimeout(timer)
    sharedMemory?.restore()
    restoreListeners()
  }
  const started = backend() as unknown as WasmBackend
  const memory = memories.get(started) ?? sharedMemory?.memory() ?? exportedMemory(started)
  if (!memory)
    throw new BackendError('start', 'useWasm: TensorFlow.js hides its wasm memory; this package knows 4.22.0. Install that version.')
  memories.set(started, memory)
  return { backend: started, memory }
}

/** The memory of the plain module is among its exports. */
function exportedMemory({ wasm }: WasmBackend): WebAssembly.Memory | undefined {
  return Object.values(wasm.asm).find((value) => value instanceof WebAssembly.Memory)
}

/** The message with which Emscripten hands its memory to a worker. */
interface LoadMessage {
  readonly cmd?: string
  readonly wasmMemory?: WebAssembly.Memory
}

/**
 * Until `restore`, a worker made from a blob — Emscripten's — is an idle stand-in that says it has loaded. Its first message carries the memory.
 */
function standInForWorkers(): { memory: () => WebAssembly.Memory | undefined; restore: () => void } {
  let memory: WebAssembly.Memory | undefined
  const standIn = (): unknown => {
    const worker = {
      onmessage: undefined as ((event: { data: unknown }) => void) | undefined,
      postMessage(message: LoadMessage): void {
        if (message.cmd !== 'load') return
        memory = message.wasmMemory
        queueMicrotask(() => worker.onmessage?.({ data: { cmd: 'loaded' } }))
      },
      on(): void {},
      unref(): void {},
      terminate(): void {},
    }
    return worker
  }
  const replace = <T extends object>(original: T): T =>
    new Proxy(original, {
      construct: (target, args, newTarget) =>
        String(args[0]).startsWith('blob:') ? (standIn() as object) : (Reflect.construct(target as never, args, newTarget) as object),
    })
  const place = globalThis as { Worker?: object }
  const before = Object.getOwnPropertyDescriptor(place, 'Worker')
  // In Node Emscripten takes the class from worker_threads and leaves it behind as a global.
  const threads = typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined
  const nodeWorker = threads?.Worker
  if (threads && nodeWorker) threads.Worker = replace(nodeWorker)
  else if (place.Worker) place.Worker = replace(place.Worker)
  return {
    memory: () => memory,
    restore: () => {
      if (threads && nodeWorker) threads.Worker = nodeWorker
      if (before) Object.defineProperty(place, 'Worker', before)
      else delete place.Worker
    },
  }
}

/** Emscripten's handlers rethrow every uncaught error of the program, which hides where it came from: the returned function takes them away. */
function keepListeners(): () => void {
  if (typeof process !== 'object' || typeof process.rawListeners !== 'function') return () => {}
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => new Set(process.rawListeners(event)))
  return () => {
    for (const [i, event] of events.entries()) {
      for (const listener of process.rawListeners(event)) {
        if (!before[i].has(listener)) process.off(event, listener as () => void)
      }
    }
  }
}
