import { parentPort, Worker } from 'node:worker_threads'
import type { TransferListItem } from 'node:worker_threads'

import { DataError } from './data-error.js'
import type { DataErrorCode, DataProblem } from './data-error.js'

/** Threads that each do one job at a time, first come first served. */
export interface WorkerPool<Job, Result> {
  run(job: Job): Promise<Result>
  /** Ends the threads; what they were doing is lost and rejects. */
  close(): Promise<void>
}

type Reply<Result, Progress> =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'error'; readonly error: SentError }

/** An error as it crosses threads: a class instance would arrive as a plain Error. */
interface SentError {
  readonly data?: { code: DataErrorCode; file?: string; line?: number; problems: readonly DataProblem[] }
  readonly name: string
  readonly message: string
  readonly stack?: string
}

interface Task<Job, Result> {
  readonly job: Job
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/**
 * Starts threads from a compiled script that calls `serveJobs`.
 *
 * @param workers number of threads, at least 1
 * @param workerData given to each thread
 */
export function createWorkerPool<Job, Result>(
  script: URL,
  { workers, workerData, onProgress }: { workers: number; workerData: unknown; onProgress?: (progress: unknown) => void },
): WorkerPool<Job, Result> {
  const queue: Task<Job, Result>[] = []
  const busy = new Map<Worker, Task<Job, Result>>()
  const idle: Worker[] = []
  let failure: Error | undefined

  const failAll = (error: Error): void => {
    failure ??= error
    for (const task of [...busy.values(), ...queue.splice(0)]) task.reject(failure)
    busy.clear()
  }
  const next = (): void => {
    while (idle.length > 0 && queue.length > 0) {
      const worker = idle.pop() as Worker
      const task = queue.shift() as Task<Job, Result>
      busy.set(worker, task)
      worker.postMessage(task.job, [])
    }
  }
  const start = (): Worker => {
    const worker = new Worker(script, { workerData, execArgv: [] }) // Flags such as --input-type are for the main script only.
    worker.on('message', (reply: Reply<Result, unknown>) => {
      if (reply.kind === 'progress') {
        onProgress?.(reply.progress)
        return
      }
      const task = busy.get(worker)
      busy.delete(worker)
      idle.push(worker)
      if (reply.kind === 'result') task?.resolve(reply.result)
      else task?.reject(received(reply.error))
      next()
    })
    worker.on('error', (error) => failAll(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => failAll(new Error(`a data worker ended (exit code ${code}) before its work was done`)))
    return worker
  }
  const threads = Array.from({ length: workers }, start)
  idle.push(...threads)

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure)
          return
        }
        queue.push({ job, resolve, reject })
        next()
      }),
    close: async () => {
      failure ??= new Error('the worker pool is closed')
      await Promise.all(threads.map((thread) => thread.terminate()))
      failAll(failure)
    },
  }
}

/**
 * The other side: answers each job with what `handle` returns. Buffers named by `transfer` move without a copy.
 *
 * @param handle takes the pool's `Job`, tells its `Progress`, returns its `Result`
 */
export function serveJobs(
  handle: (job: never, progress: (progress: unknown) => void) => unknown,
  transfer: (result: never) => readonly TransferListItem[] = () => [],
): void {
  const port = parentPort
  if (port === null) throw new Error('serveJobs: runs in a worker thread only')
  const post = (reply: Reply<unknown, unknown>, list: readonly TransferListItem[] = []): void => port.postMessage(reply, list)
  port.on('message', (job: unknown) => {
    void (async () => {
      try {
        const result = await handle(job as never, (progress) => post({ kind: 'progress', progress }))
        post({ kind: 'result', result }, transfer(result as never))
      } catch (error) {
        post({ kind: 'error', error: sent(error) })
      }
    })()
  })
}

function sent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  const plain = { name, message, ...(stack === undefined ? {} : { stack }) }
  if (!(error instanceof DataError)) return plain
  const { code, file, line, problems } = error
  return { ...plain, data: { code, problems, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) } }
}

function received({ data, name, message, stack }: SentError): Error {
  const error = data ? new DataError(data.code, message, data) : Object.assign(new Error(message), { name })
  if (stack !== undefined) error.stack = stack
  return error
}
