import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { FeatureStore } from '../data/features.js'
import type { ReportFile, ReportSetting, ReportStage } from '../report/report-data.js'
import { readJson } from '../run/files.js'
import type { RunFolder, StageRecord } from '../run/run-folder.js'
import { backendsUntil } from './job-backend.js'
import type { BackendSince, JobBackend } from './job-backend.js'
import { readJobRecord } from './job-files.js'
import type { JobRecord } from './job-files.js'

/** JSON of the experiment's `run.json`. */
export interface RunRecord {
  readonly version: string
  readonly commit: string | null
  readonly node: string
  readonly platform: string
  readonly seed: number
  readonly stages: Readonly<Record<string, StageRecord>>
}

export const readRunRecord = (run: RunFolder): RunRecord => {
  const record = readJson<RunRecord>(join(run.path, 'run.json'))
  if (!record) throw new Error(`${run.path} has no run.json. Start over with --fresh.`)
  return record
}

/** Training jobs with what their own `run.json` says. */
interface Job {
  readonly model: string
  readonly fold: number
  readonly record: JobRecord | undefined
}

const jobsOf = (run: RunFolder): Job[] =>
  run.config.models.flatMap(({ name }) =>
    run.config.folds.train.map((fold) => ({ model: name, fold, record: readJobRecord(run, name, fold) })),
  )

/** Backend, versions, commit, seeds and dates. */
export function reportEnvironment(run: RunFolder, features: FeatureStore): ReportSetting[] {
  const { version, commit, node, platform, seed, stages } = readRunRecord(run)
  const jobs = jobsOf(run)
  const all = (field: string) => distinct(jobs.map(({ record }) => record?.[field]))
  const trainedBy = (field: string, made: unknown) => {
    const others = all(field).filter((value) => value !== made)
    return others.length === 0 ? {} : { note: `models trained by ${others.map(String).join(', ')}` }
  }
  const backends = distinct(jobs.map(({ record }) => record?.backend && { ...record.backend, history: record.backends ?? [] })).map(
    (value) => {
      const { name, threads, simd, history } = value as JobBackend & { history: readonly BackendSince[] }
      const before = history.slice(0, -1).map((each, index) => `${each.name} until update ${history[index + 1].fromStep}, then `)
      return `${before.join('')}${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${simd && simd !== 'none' ? `, SIMD ${simd}` : ''}`
    },
  )
  const libraries = Object.entries({ ...features.index.versions, 'tfjs-core': packageVersion('@tensorflow/tfjs-core') })
  const started = Object.values(stages)
    .map((stage) => stage.started)
    .toSorted()
  return [
    { name: 'backend', value: backends.join('; ') || 'not recorded', note: 'of each training process' },
    { name: 'dcase2019', value: version, ...trainedBy('version', version) },
    { name: 'commit', value: commit ?? 'not a checkout', ...trainedBy('commit', commit) },
    { name: 'Node.js', value: node, ...trainedBy('node', node) },
    { name: 'platform', value: platform, ...trainedBy('platform', platform) },
    ...libraries.map(([name, value]) => ({ name: name === 'features' ? 'feature format' : name, value })),
    { name: 'seed', value: seed, note: 'of weights, batches, augmentation, dropout and bootstrap' },
    { name: 'seed of the folds', value: run.config.folds.seed },
    { name: 'features', value: features.hash, note: 'hash of settings and sounds' },
    { name: 'started', value: started[0] ?? 'not recorded' },
  ]
}

/** Names of the backends that models were trained on. */
export const backendNames = (run: RunFolder): string[] => [
  ...new Set(jobsOf(run).flatMap(({ record }) => backendsUntil(Infinity, record).map(({ name }) => name))),
]

/** Time of each stage in the order of work. */
export function reportStages(run: RunFolder): ReportStage[] {
  const { stages } = readRunRecord(run)
  const models = run.config.models.flatMap(({ name }) => [`pseudo-label ${name}`, `train ${name}`, `predict ${name}`])
  return ['prepare', ...models, 'ensemble', 'evaluate'].flatMap((name) => {
    const stage = stages[name]
    if (stage?.status !== 'done') return []
    return [{ name, seconds: stage.seconds ?? 0, about: typeof stage['note'] === 'string' ? stage['note'] : '' }]
  })
}

/** Files of the run that are there, relative to the report. */
export function reportFiles(run: RunFolder): ReportFile[] {
  const files: ReportFile[] = [
    { path: 'submission.csv', about: 'probabilities of the ensemble for the test clips' },
    { path: 'evaluation.json', about: 'every score, overall and per class, with intervals' },
    { path: 'ensemble/choice.json', about: 'weights, cycles and paddings, and how they came about' },
    { path: 'config.json', about: 'every setting' },
    { path: 'run.json', about: 'stages, versions, seed' },
    ...jobsOf(run).flatMap(({ model, fold }) => [
      { path: `models/${model}-fold${fold}/metrics.csv`, about: `losses and held-out scores of model ${model}, fold ${fold}` },
      { path: `models/${model}-fold${fold}/checkpoints`, about: 'its snapshots, as safetensors that PyTorch reads' },
    ]),
  ]
  return files.filter(({ path }) => existsSync(join(run.path, path)))
}

function distinct(values: readonly unknown[]): unknown[] {
  const seen = new Map(values.filter((value) => value !== undefined).map((value) => [JSON.stringify(value), value]))
  return [...seen.values()]
}

function packageVersion(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version
}
