import { DataError } from '../data/data-error.js'

/** Exit status of the program: what a script can rely on. */
export const exitCodes: {
  readonly done: 0
  readonly failed: 1
  readonly usage: 2
  readonly missing: 3
  readonly interrupted: 130
  readonly terminated: 143
} = {
  done: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  interrupted: 130,
  terminated: 143,
}

/** Wrong flag, config or combination: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that must be there first is not (data, features, a trained model, a backend): exit status 3. */
export class MissingError extends Error {
  override readonly name = 'MissingError'
}

/** Stopped by a signal after a checkpoint was written: exit status 130 or 143. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly signal: 'SIGINT' | 'SIGTERM'
  constructor(signal: 'SIGINT' | 'SIGTERM', message: string) {
    super(message)
    this.signal = signal
  }
}

/** The exit status that stands for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DataError && error.code === 'missing-data') return exitCodes.missing
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof MissingError) return exitCodes.missing
  if (error instanceof InterruptedError) return error.signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
  return exitCodes.failed
}
