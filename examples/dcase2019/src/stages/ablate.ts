import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { extract } from 'tar'
import { MissingError, UsageError } from '../cli/errors.js'
import { nearest } from '../cli/nearest.js'
import { ablationConfig, ablationRows } from '../config/ablation.js'
import type { Config, ModelSettings } from '../config/schema.js'
import { runJobs } from '../run/executor.js'
import type { AblationScores } from '../report/ablation-data.js'
import { ablationCsv } from '../report/ablation-csv.js'
import { ablationFigure } from '../report/ablation-figure.js'
import { ablationTable } from '../report/ablation-table.js'
import { writeFileWhole, writeJson } from '../run/files.js'
import { openRun } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { ablationScores } from './ablation-scores.js'
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
  /** All seeds of the table. */
  readonly seeds: readonly number[]
  /** Those to train now; empty: all. */
  readonly onlySeeds: readonly number[]
  /** Ids of the rows to train now; empty: all. */
  readonly onlyRows: readonly string[]
  /** Changes every config, e.g. to a toy scale. */
  readonly change?: (config: Config) => Config
}

/** What an ablation ended with. */
export interface AblateResult {
  /** Where the results are, by kind; null while trainings of other rows or seeds are missing: nothing is scored before all are there. */
  readonly files: Readonly<Record<'report' | 'figure' | 'scores' | 'json', string>> | null
  readonly scores: AblationScores | null
  /** Trainings that are not there yet. */
  readonly missing: number
}

/**
 * Trains and predicts every network of the ablation, for every seed, then scores all rows at once, the test clips for the only time. A run folder a seed,
 * a process a training. Stopped, the same command goes on; with `onlySeeds` or `onlyRows` parts of it run apart, also at the same time on machines
 * that share the folder.
 *
 * @throws UsageError for an unknown row or seed, MissingError without the data set
 */
export async function ablate(
  { data, folder, seeds, onlySeeds, onlyRows, change = (config) => config }: AblateOptions,
  options: StageOptions,
): Promise<AblateResult> {
  const known = ablationRows.map(({ id }) => id)
  for (const row of onlyRows)
    if (!known.includes(row)) throw new UsageError(`unknown row '${row}'${nearest(row, known)}. Rows: ${known.join(', ')}.`)
  if (seeds.length === 0) throw new UsageError('--seeds must name at least one seed, got none')
  for (const seed of onlySeeds)
    if (!seeds.includes(seed)) throw new UsageError(`--only-seeds must be among --seeds (${seeds.join(', ')}), got ${seed}`)
  const root = resolve(folder)
  const dataset = await unpacked(resolve(data), root)
  const runs = seeds.map((seed) => openRun(join(root, `seed-${seed}`), change(ablationConfig(seed, dataset)), { data: dataset }))
  const trained = runs.filter(({ config }) => onlySeeds.length === 0 || onlySeeds.includes(config.seed))
  for (const run of trained) await prepareStage(run, options)
  const { config } = runs[0]
  const wanted = neededModels(config, onlyRows.length === 0 ? known : onlyRows)
  for (const { name, ssl } of config.models.filter((model) => wanted.has(model.name))) {
    if (ssl) for (const run of trained) await pseudoLabelStage(run, options, name)
    await inProcesses('train', trained, name, options, isTrained)
    await inProcesses('predict', trained, name, options, isPredictedAlready)
  }
  const missing = runs.flatMap((run) =>
    config.models.flatMap(({ name }) => config.folds.train.filter((fold) => !isDone(run, name, fold))),
  ).length
  if (missing > 0) return { files: null, scores: null, missing }
  const scores = ablationScores(runs)
  const at = (name: string) => join(root, name)
  const files = { report: at('ablation.md'), figure: at('ablation.svg'), scores: at('ablation.csv'), json: at('ablation.json') }
  writeFileWhole(files.figure, ablationFigure(scores))
  writeFileWhole(files.scores, ablationCsv(scores))
  writeJson(files.json, scores)
  writeFileWhole(files.report, ablationTable(scores))
  return { files, scores, missing }
}

const isDone = (run: RunFolder, model: string, fold: number): boolean => isTrained(run, model, fold) && isPredictedAlready(run, model, fold)

/** All folds and seeds of one network, those that are not done. */
async function inProcesses(
  command: 'train' | 'predict',
  runs: readonly RunFolder[],
  name: string,
  options: StageOptions,
  isDone: (run: RunFolder, model: string, fold: number) => boolean,
): Promise<void> {
  const jobs = runs.flatMap((run) =>
    run.config.folds.train
      .filter((fold) => !isDone(run, name, fold))
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
