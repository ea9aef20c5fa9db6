import { ModelError } from './errors.js'

/** What to do about a file that cannot be read, where nothing better is known. */
const DAMAGED = 'The file is damaged or not a PyTorch checkpoint.'

/** The error of a checkpoint that is not read: what is wrong with it, and the way out. */
export function refusedCheckpoint(rule: string, wayOut: string = DAMAGED, cause?: unknown): ModelError {
  return new ModelError('file', `decodeTorchCheckpoint: ${rule}. ${wayOut}`, cause === undefined ? undefined : { cause })
}
