import { BackendError } from '../errors.js'

/** An error of TensorFlow's, told by what was done. */
export function asBackendError(what: string, error: unknown): BackendError {
  const message = error instanceof Error ? error.message : String(error)
  const reason = message
    .replace(/^Invalid TF_Status: \d+\s*/, '')
    .replace(/^Message: /, '')
    .trim()
  const full = /OOM when allocating|out of memory|failed to allocate/i.test(message)
  return new BackendError(
    full ? 'out-of-memory' : 'operation',
    `${what}: ${reason}${full ? ' Lower the batch size, or use activations: recompute.' : ''}`,
    { cause: error },
  )
}
