import { UsageError } from '../cli/errors.js'
import { runJobs } from '../run/executor.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { jobArguments } from './job-arguments.js'
import { isImportedOnly, jobKey, readJobRecord, snapshotFile } from './job-files.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'
import { trainJob } from './train-job.js'

/**
 * Trains models on folds: one model and fold in this process, or everything asked for in processes side by side.
 *
 * @param model null: every model of the config, in order
 * @param fold null: every fold that the config trains
 * @param resume start from imported weights, or go on from a checkpoint; an error where there is neither
 */
export async function trainStage(
  run: RunFolder,
  options: StageOptions,
  model?: string,
  fold?: number,
  resume = false,
): Promise<{ jobs: { model: string; fold: number; folder: string }[] }> {
  const models = model === undefined ? run.config.models.map(({ name }) => name) : [settingsOf(run.config, model).name]
  if (fold !== undefined) {
    if (models.length !== 1) throw new UsageError('--fold needs --model: one fold of one model runs in this process')
    checkFold(run, fold)
    await trainJob(run, models[0], fold, options, resume)
    return { jobs: [{ model: models[0], fold, folder: run.job(models[0], fold) }] }
  }
  const jobs = []
  for (const name of models) {
    const { cycles } = settingsOf(run.config, name)
    const folds = run.config.folds.train
    const key = hashOf(folds.map((each) => jobKey(run, name, each)))
    const outputs = folds.flatMap((each) => Array.from({ length: cycles }, (_, index) => snapshotFile(run, name, each, index + 1)))
    const imported = () => folds.some((each) => isImportedOnly(readJobRecord(run, name, each)))
    const holds = () => !(resume && imported())
    await runStage(run, options, { stage: `train ${name}`, key, outputs, holds }, async () => {
      await runJobs(
        run.config.folds.train.map((each) => ({
          args: jobArguments('train', run, options, name, each, resume ? ['--resume'] : []),
          label: `train ${name}, fold ${each}`,
        })),
        { parallel: options.jobs, signal: options.signal, report: options.report },
      )
      if (imported()) return { note: 'holds imported weights, nothing trained; --resume trains on from them' }
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
