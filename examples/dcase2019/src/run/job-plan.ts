import { kFold } from '../data/folds.js'
import type { FeatureSplit } from '../data/features.js'
import type { Config, ModelSettings } from '../config/schema.js'
import { settingsOf } from './run-folder.js'

/** Which rows of the tables are used: all of a feature store that folds depend on. */
export interface UsedRows {
  readonly splits: Readonly<Record<'curated' | 'noisy', Pick<FeatureSplit, 'rows' | 'rowCount'>>>
}

/** Which clips a fold trains on and holds out: places in the feature store's splits. */
export interface FoldRows {
  readonly curatedTrain: readonly number[]
  /** Held out: validation, and out-of-fold predictions. */
  readonly curatedValid: readonly number[]
  /** Noisy part of the SSL stream: the training side of the same KFold over the noisy clips. */
  readonly noisySsl: readonly number[]
}

/**
 * Rows of a fold. Folds are made over all rows of the table, bad clips included, and the bad ones dropped after, so that a fold means the
 * same clips with and without them.
 *
 * @source authors' `train_model1.py`: KFold(5, shuffle=True, random_state=42)
 */
export function foldRows(run: { readonly config: Pick<Config, 'folds'> }, features: UsedRows, fold: number): FoldRows {
  const { count, seed } = run.config.folds
  const side = (split: 'curated' | 'noisy') => {
    const rows = features.splits[split].rows
    const held = new Set(kFold(features.splits[split].rowCount, { splits: count, seed })[fold].validation)
    const all = rows.map((row, place) => ({ row, place }))
    return {
      train: all.filter(({ row }) => !held.has(row)).map(({ place }) => place),
      valid: all.filter(({ row }) => held.has(row)).map(({ place }) => place),
    }
  }
  const curated = side('curated')
  return { curatedTrain: curated.train, curatedValid: curated.valid, noisySsl: side('noisy').train }
}

/** Length of a model's training on a fold, in updates. */
export interface TrainingLength {
  readonly stepsPerEpoch: number
  readonly stepsPerCycle: number
  readonly epochs: number
  readonly steps: number
}

export function trainingLength(settings: ModelSettings, curatedClips: number, keepLastBatch: boolean): TrainingLength {
  const batches = curatedClips / settings.batch
  const stepsPerEpoch = Math.max(1, keepLastBatch ? Math.ceil(batches) : Math.floor(batches))
  const epochs = settings.cycles * settings.epochsPerCycle
  return { stepsPerEpoch, stepsPerCycle: stepsPerEpoch * settings.epochsPerCycle, epochs, steps: stepsPerEpoch * epochs }
}

/** Predictions of a test clip by one model, or by all, that the ensemble averages or may choose from: folds × snapshots × paddings. */
export function averagedPredictions(config: Config, name?: string): number {
  const { ensemble, folds } = config
  return ensemble.members
    .filter(({ model, weight }) => (name === undefined || model === name) && (weight > 0 || ensemble.choose === 'nested-cv'))
    .reduce((sum, { model, cycles, pads }) => {
      const settings = settingsOf(config, model)
      return sum + folds.train.length * (cycles?.length ?? settings.cycles) * (pads?.length ?? settings.pads.length)
    }, 0)
}
