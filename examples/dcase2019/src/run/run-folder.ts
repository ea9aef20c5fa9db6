import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { MissingError, UsageError } from '../cli/errors.js'
import { programFolder } from '../config/load-config.js'
import { configSchema } from '../config/schema.js'
import type { Config, ModelSettings } from '../config/schema.js'
import { readJson, writeJson } from './files.js'

/** Where each stage of an experiment reads and writes. */
export interface RunFolder {
  readonly path: string
  readonly config: Config
  readonly features: string
  /** Folder of one model trained on one fold: run.json, config.json, events.jsonl, metrics.csv, checkpoints/, predictions/. */
  job(model: string, fold: number): string
  readonly pseudoLabels: (model: string) => string
  readonly ensemble: string
  readonly evaluation: string
  readonly submission: string
  readonly report: string
}

/** What `run.json` says about a stage or a training job. */
export interface StageRecord {
  readonly status: 'running' | 'done' | 'interrupted' | 'failed'
  /** Hash of everything the result depends on; a stage whose key still holds need not run again. */
  readonly key: string
  readonly started: string
  readonly seconds?: number
  readonly [detail: string]: unknown
}

/** How a run folder is opened. */
export interface OpenRunOptions {
  /** Throw away what the folder holds. */
  readonly fresh?: boolean
  /** Where the data set lies, whatever the config or an earlier run says. */
  readonly data?: string
}

/**
 * Opens or makes the folder of an experiment.
 *
 * @param config the config to run; null: the one that the folder already holds
 * @throws UsageError when the folder was made with other settings, MissingError when it holds none and no config is given, Error when
 * its config.json is damaged or nothing can be written there
 */
export function openRun(path: string, config: Config | null, { fresh = false, data }: OpenRunOptions = {}): RunFolder {
  const root = resolve(path)
  const configPath = join(root, 'config.json')
  if (fresh && existsSync(root)) {
    if (!existsSync(configPath))
      throw new UsageError(
        `--fresh: ${root} holds no run of this program (no config.json), so it is left alone. Remove it yourself, or choose another --run.`,
      )
    rmSync(root, { recursive: true })
  }
  const kept = storedConfig(configPath)
  if (config === null && kept === undefined)
    throw new MissingError(`${root} holds no run. Start one with: dcase2019 run --config demo --run ${path}`)
  if (config !== null && kept !== undefined && hashOf(decisive(config)) !== hashOf(decisive(kept)))
    throw new UsageError(`${root} was made with other settings (see its config.json). Choose another --run, or start over with --fresh.`)
  const used = { ...(kept ?? config)!, ...(config && { training: config.training }), ...(data === undefined ? {} : { data }) }
  try {
    if (kept === undefined) writeJson(join(root, 'run.json'), { program: 'dcase2019', ...provenance(), seed: used.seed, stages: {} })
    if (kept === undefined || hashOf(kept) !== hashOf(used)) writeJson(configPath, used)
  } catch (cause) {
    throw new Error(`${(cause as Error).message} Choose another --run, or make room.`, { cause })
  }
  return {
    path: root,
    config: used,
    features: join(root, 'features'),
    job: (model, fold) => join(root, 'models', `${model}-fold${fold}`),
    pseudoLabels: (model) => join(root, 'pseudo-labels', model),
    ensemble: join(root, 'ensemble'),
    evaluation: join(root, 'evaluation.json'),
    submission: join(root, 'submission.csv'),
    report: join(root, 'report.html'),
  }
}

/** What decides a run's results: where the data lie and what activations cost does not. */
const decisive = (config: Config): Config => ({ ...config, data: null, training: { ...config.training, activations: 'keep' } })

/** The config that a run folder holds, undefined where there is none. */
function storedConfig(path: string): Config | undefined {
  const stored = readJson(path)
  if (stored === undefined) return undefined
  const { success, data, error } = configSchema.safeParse(stored)
  if (success) return data
  throw new Error(`${path} is no config of this version:\n${z.prettifyError(error)}\nRemove it, or start over with --fresh.`)
}

/** A model's settings by name. */
export function settingsOf(config: Config, name: string): ModelSettings {
  const found = config.models.find((model) => model.name === name)
  if (!found)
    throw new UsageError(`no model '${name}' in config '${config.name}': it has ${config.models.map((model) => model.name).join(', ')}`)
  return found
}

/** Short hash of a JSON value; the key under which a stage's result holds. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

/** Versions and commit that made a result. */
export function provenance(): { version: string; commit: string | null; node: string; platform: string } {
  let commit: string | null = null
  try {
    commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: programFolder,
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    }).trim()
  } catch {
    // not a checkout: the versions have to do
  }
  const { version } = JSON.parse(readFileSync(join(programFolder, 'package.json'), 'utf8')) as { version: string }
  return { version, commit, node: process.version, platform: `${process.platform}-${process.arch}` }
}

/** Records a stage in the experiment's run.json. */
export function recordStage(run: RunFolder, stage: string, record: StageRecord): void {
  const path = join(run.path, 'run.json')
  const current = readJson<{ stages?: Record<string, StageRecord> }>(path) ?? {}
  writeJson(path, { ...current, stages: { ...current.stages, [stage]: record } })
}

/** The record of a stage, if it is done and its key still holds. */
export function doneStage(run: RunFolder, stage: string, key: string): StageRecord | undefined {
  const record = readJson<{ stages?: Record<string, StageRecord> }>(join(run.path, 'run.json'))?.stages?.[stage]
  return record?.status === 'done' && record.key === key ? record : undefined
}
