import { parameterCounts } from '@audiotag/models'
import type { Config, ModelSettings } from '../config/schema.js'
import { npyHeaderBytes } from '../data/feature-index.js'
import { shardClips } from '../data/prepare.js'
import { foldRows } from '../run/job-plan.js'
import { isPredicted, predictionsOf } from '../stages/predict.js'
import type { DatasetSize } from './dataset-size.js'
import type { FeatureSizes } from './model-work.js'
import { networkOf } from './network.js'

/** What a finished run folder holds, in bytes. JSON, CSV, the ensemble's scores and the report are left out: they are small beside it. */
export interface DiskBytes {
  /** Power log-mels, float32. */
  readonly logmel: number
  /** Samples, float32; 0 where no model hears them. */
  readonly waveform: number
  /** `latest.safetensors` of every model and fold: weights and the optimiser's memory. */
  readonly checkpoints: number
  /** `cycle-<n>.safetensors` of every model and fold. */
  readonly snapshots: number
  /** `.npy` files of held-out, test and noisy clips. */
  readonly predictions: number
  readonly pseudoLabels: number
  readonly total: number
}

/** An entry of a safetensors header, about. */
const entryBytes = 110

/** Bytes that a run of a config leaves behind. */
export function diskBytes(config: Config, data: DatasetSize, { sampleRate, hopSamples, mels }: FeatureSizes): DiskBytes {
  const { splits, classes } = data
  const features = (values: (samples: number) => number): number =>
    Object.values(splits).reduce(
      (sum, { rowCount, prepared, seconds }) =>
        sum + Math.ceil(rowCount / shardClips) * npyHeaderBytes + prepared * 4 * values(seconds * sampleRate),
      0,
    )
  const matrix = (clips: number): number => npyHeaderBytes + 4 * clips * classes
  const folds = config.folds.train
  const each = (bytes: (model: ModelSettings) => number): number => config.models.reduce((sum, model) => sum + bytes(model), 0)
  const parts = {
    logmel: features((samples) => (0.5 + samples / hopSamples) * mels),
    waveform: config.models.some(({ input }) => input === 'waveform') ? features((samples) => samples) : 0,
    checkpoints: folds.length * each((model) => checkpointBytes(model, classes)),
    snapshots: folds.length * each((model) => model.cycles * snapshotBytes(model, classes)),
    predictions: each((model) => {
      if (!isPredicted({ config }, model.name)) return 0
      const files = predictionsOf({ config }, model)
      return folds.reduce((sum, fold) => {
        const valid = foldRows({ config }, data, fold).curatedValid.length
        const clips = { valid, test: splits.test.rows.length, noisy: splits.noisy.rows.length }
        return sum + files.reduce((bytes, { split }) => bytes + matrix(clips[split]), 0)
      }, 0)
    }),
    pseudoLabels: folds.length * each(({ ssl }) => (ssl ? matrix(splits.noisy.rows.length) : 0)),
  }
  const rounded = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, Math.round(bytes)])) as typeof parts
  return { ...rounded, total: Object.values(rounded).reduce((sum, bytes) => sum + bytes, 0) }
}

function snapshotBytes(model: ModelSettings, classes: number): number {
  const { total, runningStatistics, arrays } = parameterCounts(networkOf(model, classes))
  return 4 * (total + runningStatistics) + entryBytes * (arrays.trained + arrays.fixed)
}

function checkpointBytes(model: ModelSettings, classes: number): number {
  const { total, arrays } = parameterCounts(networkOf(model, classes))
  const { optimizer, consistency } = model
  const slots = optimizer.kind === 'adam' ? 2 : optimizer.momentum > 0 ? 1 : 0
  // Adam counts the updates of every array.
  const counts = optimizer.kind === 'adam' ? arrays.trained * (4 + entryBytes) : 0
  const weights = snapshotBytes(model, classes) * (consistency?.kind === 'mean-teacher' ? 2 : 1)
  return weights + slots * (4 * total + arrays.trained * entryBytes) + counts
}
