import { BACKENDS } from './backends/all.js'
import type { BackendName } from './backends/backend.js'
import { BackendError } from './errors.js'
import type { Precision } from './precision.js'

/** Options of `selectBackend`. */
export interface SelectOptions {
  /** Threads of the wasm backend, 1 … 8; others take no notice. Default: physical cores where threads can share memory, else 1. */
  readonly threads?: number
  /** Of convolutions. `'bfloat16'` is offered by node and node-gpu, `'float16'` by webgpu; of a backend that does not offer it, it is an error. Default: `'float32'`. */
  readonly precision?: Precision
}

/** A backend that was not taken, and why. */
export interface RejectedBackend {
  readonly name: BackendName
  readonly reason: string
}

/** The backend that runs now. */
export interface SelectedBackend {
  readonly name: BackendName
  /** Why this one. */
  readonly reason: string
  readonly threads: number
  readonly simd: 'plain' | 'relaxed' | 'none'
  /** Of convolutions. */
  readonly precision: Precision
  /** Faster ones that are not there, fastest first; empty when the backend was named. */
  readonly rejected: readonly RejectedBackend[]
}

/**
 * Makes TensorFlow.js run on a backend: the one named, or with `'auto'` the fastest that is there, of node-gpu, node, webgpu, wasm, cpu.
 * A backend that is named and not there is an error, never a silent other one.
 *
 * @throws BackendError `option` for an unknown name, bad threads or a precision that the backend does not offer, `missing` when the backend is not there, `start` or `timeout` when it does not start.
 *
 * @example
 * const backend = await selectBackend('auto', { threads: 1 })
 * ['node-gpu', 'node', 'webgpu', 'wasm'].includes(backend.name) // => true
 * backend.rejected.some(({ name }) => name === backend.name) // => false
 */
export async function selectBackend(name: BackendName | 'auto' = 'auto', options: SelectOptions = {}): Promise<SelectedBackend> {
  const known = ['auto', ...BACKENDS.map((backend) => backend.name)]
  if (!known.includes(name)) {
    throw new BackendError('option', `selectBackend: name must be one of ${known.join(', ')}, got ${name}.`)
  }
  const { precision = 'float32' } = options
  const rejected: RejectedBackend[] = []
  for (const backend of BACKENDS) {
    if (name !== 'auto' && name !== backend.name) continue
    const missing = (await backend.missing()) ?? (name === 'auto' ? await backend.unwanted?.() : undefined)
    if (missing === undefined) {
      if (precision !== 'float32' && !backend.precisions?.includes(precision)) {
        const offering = BACKENDS.filter(({ precisions }) => precisions?.includes(precision)).map(({ name }) => name)
        throw new BackendError(
          'option',
          `selectBackend: ${backend.name} does not offer precision '${precision}'. Leave it out${offering.length > 0 ? ` or take ${offering.join(' or ')}` : ''}.`,
        )
      }
      try {
        const { threads, simd, reason, precision: started = 'float32' } = await backend.start(options)
        return Object.freeze({ name: backend.name, reason, threads, simd, precision: started, rejected: Object.freeze(rejected) })
      } catch (error) {
        // A wrong option is the caller's to mend, whatever else could run.
        if (name !== 'auto' || (error instanceof BackendError && error.code === 'option')) throw error
        rejected.push({ name: backend.name, reason: error instanceof Error ? error.message : String(error) })
      }
    } else {
      if (name !== 'auto') throw new BackendError('missing', `selectBackend: ${name} cannot be used: ${missing}. Take 'auto' or 'wasm'.`)
      rejected.push({ name: backend.name, reason: missing })
    }
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  throw new BackendError('missing', `selectBackend: no backend can be used. ${reasons}. Install @tensorflow/tfjs-backend-wasm.`)
}
