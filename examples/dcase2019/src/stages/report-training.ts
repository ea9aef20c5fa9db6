import { cyclicCosine } from '@audiotag/ensemble'
import type { ModelSettings } from '../config/schema.js'
import type { FeatureStore } from '../data/features.js'
import type { ReportRun } from '../report/report-data.js'
import { readEvents } from '../run/event-log.js'
import { foldRows, trainingLength } from '../run/job-plan.js'
import type { TrainingLength } from '../run/job-plan.js'
import type { RunFolder } from '../run/run-folder.js'

/** Points of the learning-rate curve of a model, at most. */
const ratePoints = 400

/** Losses, held-out scores and snapshots of every model and fold, from its `events.jsonl`. */
export function reportTraining(run: RunFolder, features: FeatureStore): ReportRun[] {
  const { models, folds, training } = run.config
  return models.flatMap((settings) =>
    folds.train.map((fold) => {
      const events = readEvents(run.job(settings.name, fold))
      const epochs = events.filter((event) => event.type === 'epoch')
      const validation = new Map(events.filter((event) => event.type === 'validation').map(({ epoch, lwlrap }) => [epoch, lwlrap] as const))
      const streams = Object.keys(epochs[0]?.losses ?? {}).filter((name) => name !== 'total')
      const length = trainingLength(settings, foldRows(run, features, fold).curatedTrain.length, training.keepLastBatch)
      return {
        model: settings.name,
        fold,
        streams,
        epochs: epochs.map(({ epoch, losses, learningRate }) => ({
          epoch,
          losses: streams.map((name) => losses[name] ?? null),
          validation: validation.get(epoch) ?? null,
          learningRate,
        })),
        snapshots: events.filter((event) => event.type === 'snapshot').map(({ step }) => step / length.stepsPerEpoch),
        learningRates: learningRates(settings, length),
      }
    }),
  )
}

/** The schedule, with the last update of every cycle, where the rate is lowest. */
function learningRates(settings: ModelSettings, { stepsPerCycle, stepsPerEpoch, steps }: TrainingLength): ReportRun['learningRates'] {
  const { maxRate, minRate, periodOffset } = settings
  const rate = cyclicCosine({ maxRate, minRate, stepsPerCycle, periodOffset })
  const stride = Math.max(1, Math.ceil(steps / ratePoints))
  const shown = Array.from({ length: steps }, (_, step) => step).filter(
    (step) => step % stride === 0 || step % stepsPerCycle === 0 || (step + 1) % stepsPerCycle === 0,
  )
  return shown.map((step) => ({ epoch: step / stepsPerEpoch, rate: rate(step) }))
}
