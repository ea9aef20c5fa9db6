import { selectBackend } from '@audiotag/backend'
import type { BackendName, Precision, SelectedBackend } from '@audiotag/backend'

/** Most threads that wasm takes. */
const mostThreads = 8

/** What `--backend` takes: a backend of @audiotag/backend, or one with another precision of convolutions. */
export const backendChoices = [
  'auto',
  'cpu',
  'wasm',
  'webgpu',
  'webgpu:float16',
  'node',
  'node:bfloat16',
  'node-gpu',
  'node-gpu:bfloat16',
] as const

/** Backend and precision of a choice. */
export function backendOfChoice(choice: string): { readonly name: BackendName | 'auto'; readonly precision: Precision } {
  const [name, precision = 'float32'] = choice.split(':')
  return { name: name as BackendName | 'auto', precision: precision as Precision }
}

/**
 * Starts a backend that keeps to so many threads, or as many as it can use. TensorFlow, which has its own, learns their number before it is loaded; one that is set
 * already stays.
 *
 * @returns what was started, and the choice that names it alone
 */
export async function startBackend(choice: string, threads: number): Promise<SelectedBackend & { readonly choice: string }> {
  process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads)
  process.env['TF_NUM_INTEROP_THREADS'] ??= String(threads)
  const { name, precision } = backendOfChoice(choice)
  const started = await selectBackend(name, { threads: Math.min(mostThreads, threads), precision })
  return { ...started, choice: started.precision === 'float32' ? started.name : `${started.name}:${started.precision}` }
}
