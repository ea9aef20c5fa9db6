import { loadModel } from '@audiotag/models'
import { existsSync } from 'node:fs'
import { MissingError, UsageError } from '../cli/errors.js'
import type { ModelSettings } from '../config/schema.js'
import { allPlaces, openRunFeatures } from '../run/run-features.js'
import { runJobs } from '../run/executor.js'
import { readWhole } from '../run/files.js'
import { foldRows } from '../run/job-plan.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { writeScores } from '../run/scores.js'
import { jobArguments } from './job-arguments.js'
import { startJobBackend } from './job-backend.js'
import { jobKey, predictionFile, readJobRecord, snapshotFile, trainCommand, writeJobRecord } from './job-files.js'
import type { PredictedSplit } from './job-files.js'
import { predictClips } from './predict-clips.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'
import { checkFold } from './train.js'

/**
 * Full-length predictions of trained models: one fold in this process, or all in processes side by side.
 *
 * Held-out and test clips with every snapshot and padding, and the noisy clips without padding if another model learns from their labels.
 */
export async function predictStage(run: RunFolder, options: StageOptions, model?: string, fold?: number): Promise<{ predictions: number }> {
  const names =
    model === undefined
      ? run.config.models.filter(({ name }) => isPredicted(run, name)).map(({ name }) => name)
      : [settingsOf(run.config, model).name]
  if (fold !== undefined) {
    if (names.length !== 1) throw new UsageError('--fold needs --model: one fold of one model runs in this process')
    checkFold(run, fold)
    return { predictions: await predictJob(run, names[0], fold, options) }
  }
  const folds = run.config.folds.train
  let predictions = 0
  for (const name of names.filter((each) => isPredicted(run, each))) {
    const settings = settingsOf(run.config, name)
    predictions += settings.cycles * settings.pads.length * folds.length
    const key = hashOf(folds.map((each) => predictionKey(run, settings, each)))
    const outputs = folds.flatMap((each) =>
      predictionsOf(run, settings).map(({ cycle, pad, split }) => predictionFile(run, name, each, cycle, pad, split)),
    )
    await runStage(run, options, { stage: `predict ${name}`, key, outputs }, async () => {
      await runJobs(
        folds.map((each) => ({ args: jobArguments('predict', run, options, name, each), label: `predict ${name}, fold ${each}` })),
        { parallel: options.jobs, signal: options.signal, report: options.report },
      )
      return { note: `${folds.length} folds × ${settings.cycles} snapshots × paddings ${settings.pads.join(', ')}` }
    })
  }
  return { predictions }
}

/** Pretraining stages are not predicted: nobody averages or learns from them. */
export function isPredicted(run: Pick<RunFolder, 'config'>, name: string): boolean {
  return run.config.ensemble.members.some((member) => member.model === name) || isLabeller(run, name)
}

const isLabeller = (run: Pick<RunFolder, 'config'>, name: string) => run.config.models.some(({ ssl }) => ssl?.labels.from === name)

const predictionKey = (run: RunFolder, settings: ModelSettings, fold: number) =>
  hashOf([jobKey(run, settings.name, fold), settings.pads, settings.groupPadding, isLabeller(run, settings.name)])

/** One file of predictions. */
export interface Prediction {
  readonly cycle: number
  readonly pad: number
  readonly split: PredictedSplit
}

/** Whether a model's predictions of a fold are there, made by the weights that are there now. */
export function isPredictedAlready(run: RunFolder, name: string, fold: number): boolean {
  const settings = settingsOf(run.config, name)
  const predictions = readJobRecord(run, name, fold)?.predictions
  return (
    predictions?.status === 'done' &&
    predictions.key === predictionKey(run, settings, fold) &&
    predictionsOf(run, settings).every(({ cycle, pad, split }) => existsSync(predictionFile(run, name, fold, cycle, pad, split)))
  )
}

async function predictJob(run: RunFolder, name: string, fold: number, options: StageOptions): Promise<number> {
  const settings = settingsOf(run.config, name)
  const key = predictionKey(run, settings, fold)
  const record = readJobRecord(run, name, fold)
  if (record?.status !== 'done')
    throw new MissingError(`model ${name} is not trained on fold ${fold}. Run: ${trainCommand(run, name, fold)}`)
  const wanted = predictionsOf(run, settings)
  // Predictions left by an earlier attempt count only if that attempt was of these very weights.
  const resumed = record.predictions?.key === key
  const isThere = ({ cycle, pad, split }: Prediction) => existsSync(predictionFile(run, name, fold, cycle, pad, split))
  if (resumed && record.predictions?.status === 'done' && wanted.every(isThere)) return wanted.length
  const started = new Date()
  const features = openRunFeatures(run)
  const rows = foldRows(run, features, fold)
  const earlier = resumed ? (record.predictions?.backends ?? []) : []
  const backend = await startJobBackend(options.backend, options.threads, earlier.at(-1))
  const backends = [...earlier.filter((each) => each !== backend.name), backend.name]
  const clipsOf = (split: PredictedSplit) => (split === 'valid' ? rows.curatedValid : allPlaces(features, split))
  const total = wanted.reduce((sum, { split }) => sum + clipsOf(split).length, 0)
  let before = 0
  writeJobRecord(run, name, fold, { ...record, predictions: { status: 'running', key, backends, started: started.toISOString() } })
  for (let cycle = 1; cycle <= settings.cycles; cycle++) {
    const missing = wanted.filter((each) => each.cycle === cycle && !(resumed && isThere(each)))
    if (missing.length > 0) {
      const model = readWhole(snapshotFile(run, name, fold, cycle), loadModel, trainCommand(run, name, fold))
      for (const { pad, split } of missing) {
        const clips = clipsOf(split)
        const scores = await predictClips(model, settings, features, split === 'valid' ? 'curated' : split, clips, pad, {
          signal: options.signal,
          onProgress: (done) =>
            options.report({ type: 'progress', stage: `predict ${name}`, part: fold, done: before + done, total, unit: 'clips' }),
        })
        writeScores(predictionFile(run, name, fold, cycle, pad, split), scores)
        before += clips.length
      }
      model.dispose()
    }
  }
  features.close()
  writeJobRecord(run, name, fold, {
    ...record,
    predictions: { status: 'done', key, backends, started: started.toISOString(), seconds: (Date.now() - started.getTime()) / 1000 },
  })
  return wanted.length
}

/** What is predicted with a model trained on one fold. */
export function predictionsOf(run: Pick<RunFolder, 'config'>, settings: ModelSettings): Prediction[] {
  const inEnsemble = run.config.ensemble.members.some(({ model }) => model === settings.name)
  return Array.from({ length: settings.cycles }, (_, index) => index + 1).flatMap((cycle) => [
    ...(inEnsemble ? settings.pads.flatMap((pad) => (['valid', 'test'] as const).map((split) => ({ cycle, pad, split }))) : []),
    ...(isLabeller(run, settings.name) ? [{ cycle, pad: 0, split: 'noisy' as const }] : []),
  ])
}
