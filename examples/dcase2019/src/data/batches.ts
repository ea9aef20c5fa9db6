import { availableParallelism } from 'node:os'

import { createBatchMaker } from './batch-maker.js'
import type { Batch, BatchStream } from './batch-maker.js'
import { DataError } from './data-error.js'
import { openFeatures } from './features.js'
import type { InputKind, SharedFeatures } from './features.js'
import { createWorkerPool } from './worker-pool.js'

export interface BatchesOptions {
  /** Folder written by `prepare`, or an open store of it. Places are those of a store opened with the same `dropBad`. */
  readonly features: string | { readonly dir: string; readonly dropBad: boolean }
  readonly input: InputKind
  readonly streams: readonly BatchStream[]
  readonly seed: number | string
  /** Threads; 0: in this one. Default: one a processor but one, at most 4. Changes no bit. */
  readonly workers?: number
  /** Steps that are made before they are asked for, each stream. Default: as many as threads, at least 2. */
  readonly ahead?: number
  /** The first step that will be asked for: its batches are begun at once. */
  readonly startStep?: number
  /** See `openFeatures`. */
  readonly cacheBytes?: number
}

/** Batches of several streams, as a pure function of (seed, stream, step). */
export interface Batches {
  /**
   * The batch of a stream and step; the arrays are the caller's. Asked for in order, it is mostly there already.
   *
   * @throws DataError `argument` for an unknown stream or a step below 0
   */
  next(stream: string, step: number): Promise<Batch>
  /** Ends the threads. Batches still under way reject. */
  close(): Promise<void>
}

/** What a batch thread is started with. */
export interface BatchWorkerData {
  readonly dir: string
  readonly dropBad: boolean
  readonly shared: SharedFeatures
  readonly seed: number | string
  readonly input: InputKind
  readonly streams: readonly BatchStream[]
}

export interface BatchJob {
  readonly stream: string
  readonly step: number
}

/**
 * Training batches: clips chosen, augmented, turned into decibels and standardised, in worker threads ahead of need.
 *
 * Everything random is keyed by (seed, stream, pass or position, clip), so neither the number of threads nor the order of the calls changes
 * a bit, and training resumed at step n sees what an unbroken run sees.
 *
 * @throws DataError `missing-data`, `features`, `argument`; AugmentError for options of the augmentation
 */
export function createBatches(options: BatchesOptions): Batches {
  const { features, input, streams, seed, startStep, cacheBytes } = options
  const workers = options.workers ?? Math.max(1, Math.min(4, availableParallelism() - 1))
  const ahead = options.ahead ?? Math.max(2, workers)
  for (const [name, value] of Object.entries({ workers, ahead, startStep: startStep ?? 0 })) {
    if (!Number.isInteger(value) || value < 0)
      throw new DataError('argument', `createBatches: ${name} must be an integer of at least 0, got ${value}.`)
  }
  const { dir, dropBad } = typeof features === 'string' ? { dir: features, dropBad: true } : features
  const store = openFeatures<InputKind>(dir, { input, dropBad, ...(cacheBytes === undefined ? {} : { cacheBytes }) })
  try {
    // Here in any case: it checks the options.
    const make = createBatchMaker(store, { seed, input, streams })
    if (workers === 0) {
      let closed = false
      return {
        next: async (stream, step) => {
          if (closed) throw new DataError('argument', 'createBatches: next after close.')
          return make(stream, step)
        },
        close: async () => {
          closed = true
          store.close()
        },
      }
    }
    return threaded({ dir, dropBad, shared: store.share(), seed, input, streams: streams.map(shareTargets) }, workers, ahead, startStep)
  } finally {
    if (workers > 0) store.close()
  }
}

function threaded(workerData: BatchWorkerData, workers: number, ahead: number, startStep: number | undefined): Batches {
  const names = new Set(workerData.streams.map(({ name }) => name))
  const pool = createWorkerPool<BatchJob, Batch>(new URL('./batch-worker.js', import.meta.url), { workers, workerData })
  const pending = new Map<string, Map<number, Promise<Batch>>>([...names].map((name) => [name, new Map()]))
  const request = (stream: string, step: number): Promise<Batch> => {
    const steps = pending.get(stream) as Map<number, Promise<Batch>>
    let batch = steps.get(step)
    if (batch === undefined) {
      batch = pool.run({ stream, step })
      batch.catch(() => {}) // Nobody may come to fetch it.
      steps.set(step, batch)
    }
    return batch
  }
  if (startStep !== undefined)
    for (let step = startStep; step < startStep + ahead; step++) for (const name of names) void request(name, step)
  let closed = false
  return {
    next: async (stream, step) => {
      if (closed) throw new DataError('argument', 'createBatches: next after close.')
      const steps = pending.get(stream)
      if (steps === undefined || !Number.isInteger(step) || step < 0) {
        throw new DataError(
          'argument',
          `createBatches: no batch of stream '${stream}' at step ${step}. Streams: ${[...names].join(', ')}; steps from 0.`,
        )
      }
      const batch = request(stream, step)
      steps.delete(step)
      for (const other of steps.keys()) if (other < step || other > step + ahead) steps.delete(other)
      for (let next = step + 1; next <= step + ahead; next++) void request(stream, next)
      return batch
    },
    close: () => {
      closed = true
      return pool.close()
    },
  }
}

/** Pseudo labels are read by all threads: one copy for all of them. */
function shareTargets(stream: BatchStream): BatchStream {
  return {
    ...stream,
    sources: stream.sources.map((source) => {
      if (source.targets === undefined) return source
      const targets = new Float32Array(new SharedArrayBuffer(source.targets.length * 4))
      targets.set(source.targets)
      return { ...source, targets }
    }),
  }
}
