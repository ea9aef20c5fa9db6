import { createClipReader } from './clip-files.js'
import { prepareShard } from './prepare-shard.js'
import type { ShardJob, ShardResult } from './prepare-shard.js'
import { serveJobs } from './worker-pool.js'

// The thread behind `prepare`: one reader for its life, so that archives are opened once.
const reader = createClipReader()
let frozen: ShardJob['settings'] | undefined
serveJobs((job: ShardJob, progress): Promise<ShardResult> => {
  // One frozen object for all jobs, so that the mel tables are made once.
  frozen ??= { ...job.settings, mel: job.settings.mel && Object.freeze(job.settings.mel) }
  return prepareShard({ ...job, settings: frozen }, reader, progress)
})
