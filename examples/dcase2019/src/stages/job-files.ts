import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writeJson } from '../run/files.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder, StageRecord } from '../run/run-folder.js'
import type { BackendSince, JobBackend } from './job-backend.js'

/** Clips that a trained model predicts: held out by its fold, the test split, and the noisy ones to be labelled. */
export type PredictedSplit = 'valid' | 'test' | 'noisy'

export const snapshotFile = (run: RunFolder, model: string, fold: number, cycle: number): string =>
  join(run.job(model, fold), 'checkpoints', `cycle-${cycle}.safetensors`)

export const checkpointFile = (run: RunFolder, model: string, fold: number): string =>
  join(run.job(model, fold), 'checkpoints', 'latest.safetensors')

export const predictionFile = (run: RunFolder, model: string, fold: number, cycle: number, pad: number, split: PredictedSplit): string =>
  join(run.job(model, fold), 'predictions', `cycle-${cycle}-pad-${pad}-${split}.npy`)

/** The latest weights that import-torch put there: where `train --resume` starts. */
export const importedFile = (run: RunFolder, model: string, fold: number): string =>
  join(run.job(model, fold), 'checkpoints', 'imported.safetensors')

/** What a message tells to run for a model that is not trained, or whose files are damaged. */
export const trainCommand = (run: RunFolder, model: string, fold: number): string =>
  `dcase2019 train --run ${run.path} --model ${model} --fold ${fold}`

/** Hash of everything that decides a trained model's bits: its settings, what it starts from and what labels it learns from. */
export function jobKey(run: RunFolder, model: string, fold: number): string {
  const settings = settingsOf(run.config, model)
  const { seed, folds, dropBadClips, training } = run.config
  const sources = settings.ssl?.labels.folds === 'all' ? folds.train : [fold]
  const imported = readJobRecord(run, model, fold)?.imported
  return hashOf([
    settings,
    fold,
    seed,
    { count: folds.count, seed: folds.seed },
    dropBadClips,
    training.keepLastBatch,
    readJson<{ hash: string }>(join(run.features, 'index.json'))?.hash ?? null,
    settings.initFrom === null ? null : jobKey(run, settings.initFrom, fold),
    settings.ssl ? sources.map((each) => jobKey(run, settings.ssl!.labels.from, each)) : null,
    ...(imported ? [imported] : []),
  ])
}

/** The job's own `run.json`: only the process that works on the job writes it. */
export type JobRecord = StageRecord & {
  /** Of the process that trained last. */
  readonly backend?: JobBackend
  /** Where it was not one all the time. */
  readonly backends?: readonly BackendSince[]
  readonly predictions?: StageRecord & { readonly backends?: readonly string[] }
  readonly imported?: ImportedWeights
}

/** Snapshots that came from elsewhere: by number of the cycle, their file's name and SHA-256. */
export type ImportedWeights = Readonly<Record<string, { readonly file: string; readonly sha256: string }>>

/** Whether a job holds imported weights and has trained nothing since. */
export const isImportedOnly = (record: JobRecord | undefined): boolean => record?.imported !== undefined && record['steps'] === 0

export const readJobRecord = (run: RunFolder, model: string, fold: number): JobRecord | undefined =>
  readJson<JobRecord>(join(run.job(model, fold), 'run.json'))

export const writeJobRecord = (run: RunFolder, model: string, fold: number, record: JobRecord): void =>
  writeJson(join(run.job(model, fold), 'run.json'), record)

/** Whether a model is trained on a fold under the settings that hold now, and its snapshots are there. */
export function isTrained(run: RunFolder, model: string, fold: number): boolean {
  const record = readJobRecord(run, model, fold)
  return (
    record?.status === 'done' &&
    record.key === jobKey(run, model, fold) &&
    Array.from({ length: settingsOf(run.config, model).cycles }, (_, index) => snapshotFile(run, model, fold, index + 1)).every((file) =>
      existsSync(file),
    )
  )
}
