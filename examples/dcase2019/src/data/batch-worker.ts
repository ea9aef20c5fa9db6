import { workerData } from 'node:worker_threads'

import { createBatchMaker } from './batch-maker.js'
import type { Batch } from './batch-maker.js'
import type { BatchJob, BatchWorkerData } from './batches.js'
import { openFeatures } from './features.js'
import type { InputKind } from './features.js'
import { serveJobs } from './worker-pool.js'

// The thread behind `createBatches`: its own handles, the cache of the main thread.
const { dir, dropBad, shared, ...options } = workerData as BatchWorkerData
const make = createBatchMaker(openFeatures<InputKind>(dir, { input: options.input, dropBad, shared }), options)
serveJobs(
  ({ stream, step }: BatchJob) => make(stream, step),
  ({ input, targets }: Batch) => [input.data.buffer as ArrayBuffer, targets.data.buffer as ArrayBuffer],
)
