import type { Precision } from '../precision.js'
import type { SelectOptions } from '../select-backend.js'

/** Names `selectBackend` takes. */
export type BackendName = 'node-gpu' | 'node' | 'webgpu' | 'wasm' | 'cpu'

/** What a backend says about itself once it runs. */
export interface StartedBackend {
  readonly threads: number
  /** `'none'`: no vector instructions of WebAssembly are used. */
  readonly simd: 'plain' | 'relaxed' | 'none'
  /** Of convolutions; absent: float32. */
  readonly precision?: Precision
  /** What it is good for, one sentence. */
  readonly reason: string
}

/** One backend: how to find out whether it is there, and how to start it. */
export interface BackendChoice {
  readonly name: BackendName
  /** Precisions of convolutions beside float32. */
  readonly precisions?: readonly Precision[]
  /** Why it cannot be used here; nothing when it can. Starts nothing. */
  readonly missing: () => Promise<string | undefined>
  /** Why `'auto'` passes it over though it can be used; nothing when it does not. Starts nothing. */
  readonly unwanted?: () => Promise<string | undefined>
  readonly start: (options: SelectOptions) => Promise<StartedBackend>
}

/** A backend whose place is prepared; it says what is missing and refuses to start. */
export function notYet(name: BackendName, reason: string): BackendChoice {
  const start = (): Promise<never> => Promise.reject(new Error(reason))
  return { name, missing: () => Promise.resolve(reason), start }
}
