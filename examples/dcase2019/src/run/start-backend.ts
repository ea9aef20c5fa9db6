import { selectBackend } from '@audiotag/backend'
import type { BackendName, SelectedBackend } from '@audiotag/backend'

/** Most threads that wasm takes. */
const mostThreads = 8

/**
 * Starts a backend that keeps to so many threads, or as many as it can use. TensorFlow, which has its own, learns their number before it is loaded; one that is set
 * already stays.
 */
export function startBackend(name: string, threads: number): Promise<SelectedBackend> {
  process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads)
  return selectBackend(name as BackendName | 'auto', { threads: Math.min(mostThreads, threads) })
}
