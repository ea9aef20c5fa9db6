import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exitCodes, InterruptedError, MissingError } from '../cli/errors.js'
import type { ProgramEvent, Report } from './events.js'

const program = fileURLToPath(new URL('../main.js', import.meta.url))

/** One stage command to run in a process of its own. */
export interface Job {
  /** Arguments of this program; `--json` is added. */
  readonly args: readonly string[]
  readonly label: string
}

/**
 * Runs jobs in processes, at most `parallel` at a time, and passes their events on.
 *
 * @throws InterruptedError when `signal` stopped them (each has written a checkpoint), or the first failure, after the others were stopped
 */
export async function runJobs(
  jobs: readonly Job[],
  options: { readonly parallel: number; readonly signal: AbortSignal; readonly report: Report },
): Promise<void> {
  const waiting = [...jobs]
  const running = new Set<ChildProcess>()
  let failure: Error | undefined
  const stopAll = (signal: 'SIGINT' | 'SIGTERM') => {
    waiting.length = 0
    for (const child of running) child.send({ stop: signal })
  }
  const onAbort = () => stopAll(options.signal.reason instanceof InterruptedError ? options.signal.reason.signal : 'SIGTERM')
  options.signal.addEventListener('abort', onAbort)
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined && failure === undefined && !options.signal.aborted; job = waiting.shift()) {
      try {
        await runJob(job, running, options.report)
      } catch (error) {
        failure ??= error as Error
        stopAll('SIGTERM')
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, Math.min(options.parallel, jobs.length)) }, lane))
  } finally {
    options.signal.removeEventListener('abort', onAbort)
  }
  options.signal.throwIfAborted()
  if (failure) throw failure
}

function runJob(job: Job, running: Set<ChildProcess>, report: Report): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [...job.args, '--json'], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    running.add(child)
    let complaint = ''
    child.stderr!.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-8000)))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      let event: ProgramEvent
      try {
        event = JSON.parse(line) as ProgramEvent
      } catch {
        return // a library's stray line
      }
      report(event)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      if (code === 0) resolve()
      else reject(failureOf(job, code, signal, complaint.trim().replace(/^error: /u, '') || 'no message'))
    })
  })
}

/** The error that a job ended with, of the same kind. */
function failureOf(job: Job, code: number | null, signal: string | null, complaint: string): Error {
  if (code === exitCodes.interrupted) return new InterruptedError('SIGINT', `${job.label} was stopped`)
  if (code === exitCodes.terminated) return new InterruptedError('SIGTERM', `${job.label} was stopped`)
  if (code === exitCodes.missing) return new MissingError(`${job.label}: ${complaint}`)
  return new Error(`${job.label} failed (${signal ?? `exit ${code}`}): ${complaint}`)
}
