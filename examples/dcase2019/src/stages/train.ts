import { UsageError } from '../cli/errors.js'
import { runJobs } from '../run/executor.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { jobArguments } from './job-arguments.js'
import { jobKey, snapshotFile } from './job-files.js'
import { runStage } from './stage.js'
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
    await trainJob(run, models[0], fold, options)
    return { jobs: [{ model: models[0], fold, folder: run.job(models[0], fold) }] }
  }
  const jobs = []
  for (const name of models) {
    const { cycles } = settingsOf(run.config, name)
    const folds = run.config.folds.train
    const key = hashOf(folds.map((each) => jobKey(run, name, each)))
    const outputs = folds.flatMap((each) => Array.from({ length: cycles }, (_, index) => snapshotFile(run, name, each, index + 1)))
    await runStage(run, options, { stage: `train ${name}`, key, outputs }, async () => {
      await runJobs(
        run.config.folds.train.map((each) => ({
          args: jobArguments('train', run, options, name, each),
          label: `train ${name}, fold ${each}`,
        })),
        { parallel: options.jobs, signal: options.signal, report: options.report },
      )
      return { note: `${folds.length} folds, ${cycles} cycles of ${settingsOf(run.config, name).epochsPerCycle} epochs` }
    })
    jobs.push(...run.config.folds.train.map((each) => ({ model: name, fold: each, folder: run.job(name, each) })))
  }
  return { jobs }
}

export function checkFold(run: RunFolder, fold: number): void {
  if (!run.config.folds.train.includes(fold))
    throw new UsageError(`--fold must be one of ${run.config.folds.train.join(', ')}, got ${fold}`)
}
