import { backendReport, BackendError } from '@audiotag/backend'
import type { BackendName, BackendStatus } from '@audiotag/backend'
import { availableParallelism } from 'node:os'
import { MissingError, UsageError } from '../cli/errors.js'
import { backendOfChoice, startBackend } from '../run/start-backend.js'
import { backendNeeds } from './backend-needs.js'

/** The backend of a training or prediction, as its job's `run.json` has it. */
export interface JobBackend {
  /** As `--backend` takes it. */
  readonly name: string
  readonly threads: number
  readonly simd: string | null
}

/** The backend of a training from an update on. */
export interface BackendSince {
  readonly name: string
  readonly fromStep: number
}

/** Backends that made the first `step` updates of a training, in order, by its record. */
export function backendsUntil(
  step: number,
  record: { readonly backend?: JobBackend; readonly backends?: readonly BackendSince[] } | undefined,
): BackendSince[] {
  const { backend, backends = backend ? [{ name: backend.name, fromStep: 0 }] : [] } = record ?? {}
  return backends.filter(({ fromStep }) => fromStep < step)
}

/**
 * Starts the backend of a job. A job that was begun goes on with `auto` on the backend that it began on, where that is here: another gives other bits.
 *
 * @param asked as `--backend` has it
 * @param begunOn of the part that is done; undefined at a beginning
 * @throws MissingError with the commands that bring the backend where it is not here
 */
export async function startJobBackend(asked: string, threads: number, begunOn?: string): Promise<JobBackend> {
  const goesOn = asked === 'auto' && begunOn !== undefined && (await statusOf(begunOn))?.available
  const name = goesOn ? begunOn : asked
  try {
    const started = await startBackend(name, threads)
    return { name: started.choice, threads: started.threads, simd: started.simd }
  } catch (error) {
    throw asProgramError(name, error)
  }
}

/**
 * Says before anything runs that a backend which was asked for is not here.
 *
 * @returns the backend that jobs will try first
 * @throws MissingError with the commands that bring it
 */
export async function checkBackend(asked: string): Promise<string> {
  if (asked === 'auto') {
    const { backends } = await backendReport()
    return backends.find(({ available, passedOver }) => available && passedOver === '')?.name ?? asked
  }
  const found = await statusOf(asked)
  if (found && !found.available) throw missing(asked, found.reason)
  return asked
}

/** Training processes side by side where nobody says how many: one a core, at most 8; they would only wait for each other on a GPU, and share its memory. */
export const defaultJobs = (backend: string): number =>
  backend.startsWith('node-gpu') || backend === 'webgpu' ? 1 : Math.min(8, availableParallelism())

/** Looks for no other backend: a search for GPUs loads their drivers, and those write to stderr. */
const statusOf = async (name: string): Promise<BackendStatus | undefined> =>
  (await backendReport([backendOfChoice(name).name as BackendName])).backends.at(0)

function asProgramError(name: string, error: unknown): Error {
  if (!(error instanceof BackendError)) return error as Error
  if (error.code === 'missing') return new MissingError(error.message, { cause: error })
  // Such as more threads than a backend takes.
  if (error.code === 'option') return new UsageError(error.message, { cause: error })
  return new Error(`--backend ${name} is here but did not start: ${error.message} 'dcase2019 doctor' tries each backend.`, { cause: error })
}

function missing(name: string, reason: string): MissingError {
  const needs = (backendNeeds[backendOfChoice(name).name] ?? []).map((command) => `\n  ${command}`).join('')
  return new MissingError(
    `--backend ${name} cannot be used here: ${reason.replace(/\.$/u, '')}. It needs:${needs}\nOr take --backend auto; 'dcase2019 doctor' lists what is here.`,
  )
}
