import { getBackend } from '@tensorflow/tfjs-core'

import { BACKENDS } from './backends/all.js'
import type { BackendName } from './backends/backend.js'
import { defaultThreads, sharedMemoryReason } from './wasm/default-threads.js'
import { hasRelaxedSimd, hasSimd } from './wasm/load-module.js'

/** One line of `backendReport`. */
export interface BackendStatus {
  readonly name: BackendName
  readonly available: boolean
  /** Why it is not available; empty when it is. */
  readonly reason: string
  /** Why `selectBackend('auto')` passes it over though it is available; empty when it does not. */
  readonly passedOver: string
}

/** What this machine and this installation offer. */
export interface BackendReport {
  /** The backend that TensorFlow.js runs on now; empty when none was chosen. */
  readonly current: string
  /** The backends that were asked for, the fastest first. */
  readonly backends: readonly BackendStatus[]
  /** Threads that wasm takes by default. */
  readonly defaultThreads: number
  /** Why threads cannot share memory; empty when they can. */
  readonly sharedMemory: string
  readonly simd: boolean
  readonly relaxedSimd: boolean
}

/**
 * Says what could run here, for a `doctor` command. Starts nothing and changes nothing; looking for `'webgpu'` loads the drivers of the GPUs.
 *
 * @param names backends to look for. Default: all
 *
 * @example
 * const { backends } = await backendReport()
 * backends.find(({ name }) => name === 'wasm').available // => true
 */
export async function backendReport(names?: readonly BackendName[]): Promise<BackendReport> {
  const backends: BackendStatus[] = []
  for (const backend of BACKENDS) {
    if (names && !names.includes(backend.name)) continue
    const reason = await backend.missing()
    const available = reason === undefined
    const passedOver = available ? await backend.unwanted?.() : undefined
    backends.push(Object.freeze({ name: backend.name, available, reason: reason ?? '', passedOver: passedOver ?? '' }))
  }
  return Object.freeze({
    // Nothing before the first choice, whatever the type says.
    current: (getBackend() as string | undefined) ?? '',
    backends: Object.freeze(backends),
    defaultThreads: defaultThreads(),
    sharedMemory: sharedMemoryReason() ?? '',
    simd: hasSimd(),
    relaxedSimd: hasRelaxedSimd(),
  })
}
