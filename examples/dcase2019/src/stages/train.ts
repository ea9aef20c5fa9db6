import { existsSync } from 'node:fs'
import { UsageError } from '../cli/errors.js'
import { runJobs } from '../run/executor.js'
import { settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { jobArguments } from './job-arguments.js'
import type { StageOptions } from './stage-options.js'
import { trainJob } from './train-job.js'

/**
 * Trains models on folds: one model and fold in this process, or everything asked for in processes side by side.
 *
 * @param model null: every model of the config, in order
 * @param fold null: every fold that the config trains
 */
export async function trainStage(
  run: RunFolder,
  options: StageOptions,
  model?: string,
  fold?: number,
): Promise<{ jobs: { model: string; fold: number; folder: string }[] }> {
  const models = model === undefined ? run.config.models.map(({ name }) => name) : [settingsOf(run.config, model).name]
  if (fold !== undefined) {
    if (models.length !== 1) throw new UsageError('--fold needs --model: one fold of one model runs in this process')
    checkFold(run, fold)
    await trainJob(run, models[0]!, fold, options)
    return { jobs: [{ model: models[0]!, fold, folder: run.job(models[0]!, fold) }] }
  }
  const jobs = []
  for (const name of models) {
    const start = performance.now()
    options.report({ type: 'stage', stage: `train ${name}`, state: 'started' })
    await runJobs(
      run.config.folds.train.map((each) => ({
        args: jobArguments('train', run, options, name, each),
        label: `train ${name}, fold ${each}`,
      })),
      { parallel: options.jobs, signal: options.signal, report: options.report },
    )
    options.report({ type: 'stage', stage: `train ${name}`, state: 'done', seconds: (performance.now() - start) / 1000 })
    jobs.push(...run.config.folds.train.map((each) => ({ model: name, fold: each, folder: run.job(name, each) })))
  }
  return { jobs }
}

export function checkFold(run: RunFolder, fold: number): void {
  if (!run.config.folds.train.includes(fold))
    throw new UsageError(`--fold must be one of ${run.config.folds.train.join(', ')}, got ${fold}`)
}

/** Is this model already trained on this fold? */
export const isTrained = (run: RunFolder, model: string, fold: number): boolean => existsSync(`${run.job(model, fold)}/run.json`)
