import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { dcase2019 } from '@audiotag/melspec'

import { createClipReader } from './clip-files.js'
import { DataError } from './data-error.js'
import type { DataProblem } from './data-error.js'
import type { Clip, Dataset } from './dataset.js'
import type { FeatureSettings } from './extract-clip.js'
import { featureFormat, readFeatureIndex, shardFault } from './feature-index.js'
import type { FeatureIndex, IndexedSplit } from './feature-index.js'
import { splitNames } from './layout.js'
import type { SplitName } from './layout.js'
import { prepareShard, writeWhole } from './prepare-shard.js'
import type { ShardJob, ShardResult } from './prepare-shard.js'
import { createWorkerPool } from './worker-pool.js'

export interface PrepareOptions {
  readonly dataset: Dataset
  /** Folder of the features; made if need be. Files of earlier settings in it are replaced. */
  readonly out: string
  /** Default: the paper's log-mel at 44.1 kHz, and the samples. */
  readonly features?: Partial<FeatureSettings>
  /** Threads; 0: in this one. Default: one a processor. Changes no byte of the result. */
  readonly workers?: number
  /** Leave clips with bad audio out and list them, instead of throwing. Default false. */
  readonly skipBad?: boolean
  /** Stops between shards; what is done stays done. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PrepareProgress) => void
}

export interface PrepareProgress {
  /** Clips done, those of an earlier run included. */
  readonly clips: number
  readonly total: number
}

export interface PrepareResult {
  readonly dir: string
  /** Names the features: same hash, same bytes. */
  readonly hash: string
  readonly clips: number
  /** Nothing had to be done. */
  readonly alreadyDone: boolean
  /** With `skipBad`: clips left out because of their audio. */
  readonly problems: readonly DataProblem[]
}

/** Clips a shard: enough for few files, few enough that all threads have work on 720 clips. */
export const shardClips = 32

/**
 * Decodes every clip and writes its mel power spectrogram and samples to npy shards with an `index.json`, in worker threads.
 *
 * Killed, it goes on where it was: a shard counts once its own `.json` is there, and the index is written last. The bytes depend on
 * data and settings only, not on the number of threads or where the data lies.
 *
 * @throws DataError `bad-audio` (all bad clips of the shards tried), `disk`, `argument`; the signal's reason when it is aborted
 */
export async function prepare(options: PrepareOptions): Promise<PrepareResult> {
  const { dataset, out, workers = availableParallelism(), skipBad = false, signal, onProgress } = options
  const settings = resolveSettings(options.features ?? {})
  if (!Number.isInteger(workers) || workers < 0)
    throw new DataError('argument', `prepare: workers must be an integer of at least 0, got ${workers}.`)
  signal?.throwIfAborted()

  const versions = { melspec: versionOf('@audiotag/melspec'), features: String(featureFormat) }
  const jobs = splitNames.flatMap((split) => shardJobs(dataset, split, { out, settings, versions, skipBad }))
  const hash = sha256(
    JSON.stringify([
      dataset.layout,
      dataset.classes,
      settings,
      jobs.map(({ job }) => job.key),
      splitNames.map((split) => dataset[split].map(({ name, labels, usage, kept, knownBad }) => [name, labels, usage, kept, knownBad])),
    ]),
  )
  const clips = splitNames.reduce((sum, split) => sum + dataset[split].length, 0)
  const done = finished(out, hash)
  if (done !== undefined) {
    if (done.problems.length > 0 && !skipBad) throw DataError.of(done.problems)
    onProgress?.({ clips, total: clips })
    return { dir: out, hash, clips, alreadyDone: true, problems: done.problems }
  }

  makeFolder(out)
  // From here on the folder is in between: without an index nobody takes old shards for new ones.
  removeWhole(join(out, 'index.json'))
  const results = await runJobs(
    jobs.map(({ job }) => job),
    { workers, skipBad, total: clips, ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) },
  )
  const problems = results.flatMap((result) => result.problems)
  const splits = Object.fromEntries(
    splitNames.map((split) => [
      split,
      indexSplit(
        dataset[split],
        results.filter((_, index) => jobs[index].split === split),
      ),
    ]),
  ) as Record<SplitName, IndexedSplit>
  const index: FeatureIndex = {
    format: featureFormat,
    hash,
    layout: dataset.layout,
    classes: dataset.classes,
    features: settings,
    versions,
    splits,
    problems,
  }
  writeWhole(join(out, 'index.json'), `${JSON.stringify(index)}\n`)
  return { dir: out, hash, clips, alreadyDone: false, problems }
}

function resolveSettings({ sampleRate = 44100, mel = dcase2019(), waveform = true }: Partial<FeatureSettings>): FeatureSettings {
  if (mel === null && !waveform) throw new DataError('argument', 'prepare: features need mel, waveform or both, got none.')
  if (mel !== null && mel.sampleRate !== sampleRate) {
    throw new DataError(
      'argument',
      `prepare: mel.sampleRate must be the sampleRate of the features (${sampleRate}), got ${mel.sampleRate}.`,
    )
  }
  if (mel !== null && typeof (mel.window ?? 'hann') !== 'string') {
    throw new DataError('argument', 'prepare: mel.window must be the name of a window: the settings are stored as JSON.')
  }
  return { sampleRate, mel: mel && Object.freeze({ ...mel }), waveform }
}

interface SplitJob {
  readonly split: SplitName
  readonly job: ShardJob
}

function shardJobs(
  dataset: Dataset,
  split: SplitName,
  { out, settings, versions, skipBad }: { out: string; settings: FeatureSettings; versions: Record<string, string>; skipBad: boolean },
): SplitJob[] {
  const jobs: SplitJob[] = []
  for (let start = 0; start < dataset[split].length; start += shardClips) {
    const clips = dataset[split].slice(start, start + shardClips).map(({ name, file, knownBad = false }) => ({ name, file, knownBad }))
    const sources = clips.map(({ name, file, knownBad }) => [name, sizeOf(file), knownBad])
    jobs.push({
      split,
      job: {
        out,
        name: `${split}-${String(start / shardClips).padStart(4, '0')}`,
        key: sha256(JSON.stringify([versions, settings, sources])),
        settings,
        clips,
        skipBad,
      },
    })
  }
  return jobs
}

/** What tells a sound from its replacement without reading it. */
function sizeOf(file: Clip['file']): readonly number[] | null {
  if (file === null) return null
  return 'path' in file ? [statSync(file.path, { throwIfNoEntry: false })?.size ?? -1] : [file.bytes, file.crc32]
}

/** The index of an earlier run, if it is for the same features and all of it is there. */
function finished(out: string, hash: string): FeatureIndex | undefined {
  try {
    const index = readFeatureIndex(out)
    return index.hash === hash ? index : undefined
  } catch (error) {
    if (error instanceof DataError && (error.code === 'missing-data' || error.code === 'features')) return undefined
    throw error
  }
}

interface RunOptions {
  readonly workers: number
  readonly skipBad: boolean
  readonly total: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PrepareProgress) => void
}

/** Runs what is not done yet; results in the order of the jobs. */
async function runJobs(jobs: readonly ShardJob[], { workers, skipBad, total, signal, onProgress }: RunOptions): Promise<ShardResult[]> {
  const results = jobs.map((job) => doneShard(job))
  let clips = 0
  const count = (more: number): void => {
    clips += more
    onProgress?.({ clips, total })
  }
  count(jobs.reduce((sum, job, index) => sum + (results[index] === undefined ? 0 : job.clips.length), 0))
  const open = jobs.map((job, index) => ({ job, index })).filter(({ index }) => results[index] === undefined)
  const threads = Math.min(workers, open.length)
  const reader = createClipReader()
  const pool =
    threads > 0
      ? createWorkerPool<ShardJob, ShardResult>(new URL('./prepare-worker.js', import.meta.url), {
          workers: threads,
          workerData: null,
          onProgress: (more) => count(more as number),
        })
      : undefined
  const listening = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: listening.signal })
  })
  try {
    let stop = false
    const lane = async (): Promise<void> => {
      for (let next = open.shift(); next !== undefined && !stop; next = open.shift()) {
        signal?.throwIfAborted()
        const result = await (pool ? pool.run(next.job) : prepareShard(next.job, reader, count))
        results[next.index] = result
        // Without skipBad the shards under way are finished, so that one message lists what was found.
        if (result.problems.length > 0 && !skipBad) stop = true
      }
    }
    const lanes = Promise.all(Array.from({ length: Math.max(1, threads) }, lane))
    await Promise.race([lanes, aborted])
  } finally {
    listening.abort()
    await pool?.close()
    await reader.close()
    removeLeftovers(jobs[0].out)
  }
  const problems = results.flatMap((result) => result?.problems ?? [])
  if (problems.length > 0 && !skipBad) throw DataError.of(problems)
  return results as ShardResult[]
}

/** The result of an earlier run, if all its files are there. */
function doneShard({ out, name, key, skipBad }: ShardJob): ShardResult | undefined {
  const file = join(out, `${name}.json`)
  if (!existsSync(file)) return undefined
  try {
    const result = JSON.parse(readFileSync(file, 'utf8')) as ShardResult
    if (result.key !== key || (result.problems.length > 0 && !skipBad)) return undefined
    return [result.mel, result.waveform].every((part) => part === null || shardFault(out, part) === undefined) ? result : undefined
  } catch {
    return undefined // Damaged: it is made again.
  }
}

function indexSplit(clips: readonly Clip[], results: readonly ShardResult[]): IndexedSplit {
  return {
    shards: results.map(({ mel, waveform }) => ({ mel, waveform })),
    clips: clips.map(({ name, labels, usage, kept, reason, knownBad }, row) => {
      const shard = Math.floor(row / shardClips)
      const place = results[shard].clips[row % shardClips]
      const problem = results[shard].problems.find(({ clip }) => clip === name)?.message
      const why = reason ?? problem
      return {
        name,
        labels,
        ...(usage === undefined ? {} : { usage }),
        kept: kept && place !== null,
        ...(why === undefined ? {} : { reason: why }),
        ...(knownBad ? { knownBad } : {}),
        features: place === null ? null : { shard, ...place },
      }
    }),
  }
}

function makeFolder(out: string): void {
  try {
    mkdirSync(out, { recursive: true })
  } catch (error) {
    throw new DataError('disk', `${out}: the folder cannot be made (${(error as Error).message}). Choose another one.`, { file: out })
  }
  removeLeftovers(out)
}

function removeWhole(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch (error) {
    throw new DataError('disk', `${file}: cannot be removed (${(error as Error).message}). The folder is read-only: choose another one.`, {
      file,
    })
  }
}

/** Temporary files of processes that are gone, and of this one's threads that were ended. */
function removeLeftovers(out: string): void {
  for (const name of existsSync(out) ? readdirSync(out) : []) {
    const pid = Number(/\.(\d+)\.part$/.exec(name)?.[1])
    if (pid > 0 && (pid === process.pid || !isAlive(pid))) rmSync(join(out, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
