import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { extract } from 'tar'
import { MissingError, UsageError } from '../cli/errors.js'
import { nearest } from '../cli/nearest.js'
import { ablationConfig, ablationRows } from '../config/ablation.js'
import type { Config, ModelSettings } from '../config/schema.js'
import { runJobs } from '../run/executor.js'
import { writeFileWhole } from '../run/files.js'
import { openRun } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { jobArguments } from './job-arguments.js'
import { isTrained } from './job-files.js'
import { isPredictedAlready } from './predict.js'
import { prepareStage } from './prepare.js'
import { pseudoLabelStage } from './pseudo-label.js'
import type { StageOptions } from './stage-options.js'

/** What to run of the ablation. */
export interface AblateOptions {
  /** Folder, or `.tar` file, of a data set in Kaggle's layout with labelled test clips. */
  readonly data: string
  /** Where everything is written: `seed-<n>/`, and the results beside them. */
  readonly folder: string
  readonly seeds: readonly number[]
  /** Ids of rows; empty: all. */
  readonly rows: readonly string[]
  /** Changes every config, e.g. to a toy scale. */
  readonly change?: (config: Config) => Config
}

/** What an ablation ended with. */
export interface AblateResult {
  readonly folder: string
  /** Runs by seed, in order. */
  readonly runs: readonly RunFolder[]
  /** Trainings of other rows or seeds that are not there yet; nothing is scored before all are. */
  readonly missing: number
}

/**
 * Trains and predicts every network of the ablation, for every seed: a run folder a seed, a process a training. Stopped, the same command goes on;
 * with `seeds` or `rows` parts of it run apart, also at the same time on machines that share the folder.
 *
 * @throws UsageError for an unknown row, MissingError without the data set
 */
export async function ablate(
  { data, folder, seeds, rows, change = (config) => config }: AblateOptions,
  options: StageOptions,
): Promise<AblateResult> {
  const known = ablationRows.map(({ id }) => id)
  for (const row of rows)
    if (!known.includes(row)) throw new UsageError(`unknown row '${row}'${nearest(row, known)}. Rows: ${known.join(', ')}.`)
  const root = resolve(folder)
  const dataset = await unpacked(resolve(data), root)
  const runs = seeds.map((seed) => openRun(join(root, `seed-${seed}`), change(ablationConfig(seed, dataset)), { data: dataset }))
  for (const run of runs) await prepareStage(run, options)
  const { config } = runs[0]
  const wanted = neededModels(config, rows.length === 0 ? known : rows)
  for (const { name, ssl } of config.models.filter((model) => wanted.has(model.name))) {
    if (ssl) for (const run of runs) await pseudoLabelStage(run, options, name)
    await inProcesses('train', runs, name, options, (run, fold) => isTrained(run, name, fold))
    await inProcesses('predict', runs, name, options, (run, fold) => isPredictedAlready(run, name, fold))
  }
  const done = (run: RunFolder, name: string, fold: number) => isTrained(run, name, fold) && isPredictedAlready(run, name, fold)
  const missing = runs.flatMap((run) =>
    run.config.models.flatMap(({ name }) => run.config.folds.train.filter((fold) => !done(run, name, fold))),
  ).length
  return { folder: root, runs, missing }
}

/** All folds and seeds of one network, those that are not done. */
async function inProcesses(
  command: 'train' | 'predict',
  runs: readonly RunFolder[],
  name: string,
  options: StageOptions,
  isDone: (run: RunFolder, fold: number) => boolean,
): Promise<void> {
  const jobs = runs.flatMap((run) =>
    run.config.folds.train
      .filter((fold) => !isDone(run, fold))
      .map((fold) => ({
        args: jobArguments(command, run, options, name, fold),
        label: `${command} ${name}, seed ${run.config.seed}, fold ${fold}`,
      })),
  )
  const stage = `${command} ${name}`
  if (jobs.length === 0) {
    options.report({ type: 'stage', stage, state: 'already done' })
    return
  }
  const started = performance.now()
  options.report({ type: 'stage', stage, state: 'started' })
  await runJobs(jobs, { parallel: options.jobs, signal: options.signal, report: options.report })
  options.report({ type: 'stage', stage, state: 'done', seconds: (performance.now() - started) / 1000, note: `${jobs.length} processes` })
}

/** The networks of some rows, and those that they start or learn from. */
function neededModels({ models }: Config, rows: readonly string[]): Set<string> {
  const needed = new Set<string>()
  const add = (name: string | null): void => {
    const model = models.find((each: ModelSettings) => each.name === name)
    if (!model || needed.has(model.name)) return
    needed.add(model.name)
    add(model.initFrom)
    add(model.ssl?.labels.from ?? null)
  }
  for (const { id, parts } of ablationRows) if (rows.includes(id)) for (const { model } of parts) add(model)
  return needed
}

/** The data set as a folder: an archive is unpacked once. */
async function unpacked(path: string, root: string): Promise<string> {
  if (!existsSync(path))
    throw new MissingError(`${path} is not there. Give the folder or .tar file of MiniFSD-16, or of another data set in Kaggle's layout.`)
  if (!path.endsWith('.tar')) return path
  const folder = join(root, 'data')
  const whole = join(folder, '.unpacked')
  if (!existsSync(whole)) {
    try {
      writeFileWhole(join(folder, '.unpacking'), '')
      await extract({ file: path, cwd: folder, strict: true })
    } catch (cause) {
      throw new Error(`cannot unpack ${path} to ${folder}: ${(cause as Error).message}`, { cause })
    }
    writeFileWhole(whole, `${path}\n`)
  }
  if (existsSync(join(folder, 'train_curated.csv'))) return folder
  const inner = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'train_curated.csv')))
  if (inner.length !== 1) throw new MissingError(`${path} holds no train_curated.csv, so it is no data set in Kaggle's layout.`)
  return join(folder, inner[0])
}
