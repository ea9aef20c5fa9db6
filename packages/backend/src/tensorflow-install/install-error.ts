import { BackendError } from '../errors.js'

/** The error of all that goes wrong in an installation: what, and the way out. */
export function installError(message: string, cause?: unknown): BackendError {
  return new BackendError('install', message, cause === undefined ? undefined : { cause })
}
