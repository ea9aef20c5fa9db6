import { architectures, flopCounts } from '@audiotag/models'
import type { FlopCounts } from '@audiotag/models'
import type { Config, ModelSettings } from '../config/schema.js'
import type { SplitName } from '../data/layout.js'
import { averagedPredictions, foldRows, trainingLength } from '../run/job-plan.js'
import { isPredicted, predictionsOf } from '../stages/predict.js'
import { clipsOfPasses, clipsPerUpdate } from './clips-per-update.js'
import type { DatasetSize } from './dataset-size.js'
import { networkOf } from './network.js'

/** What of the features decides lengths. */
export interface FeatureSizes {
  readonly sampleRate: number
  readonly hopSamples: number
  readonly mels: number
}

/** Work of one model on one fold. */
export interface FoldWork {
  readonly fold: number
  readonly steps: number
  readonly stepsPerCycle: number
  /** Clips through forward and backward passes, all streams. */
  readonly clipsTrained: number
  /** Validations while it trains, and what it predicts afterwards: clips, one forward pass each. */
  readonly clipsValidated: number
  readonly clipsPredicted: number
  readonly trainingFlops: number
  readonly predictionFlops: number
}

/** Work of one model. */
export interface ModelWork {
  /** Of a full batch of every stream. */
  readonly flopsPerStep: number
  /** Of a clip of a training slice. */
  readonly flopsPerClip: FlopCounts
  readonly folds: readonly FoldWork[]
  /** Predictions of a test clip that are made: snapshots × paddings × folds. */
  readonly predictions: number
  /** Those of them that the ensemble averages, or chooses from. */
  readonly averaged: number
}

/** Updates, floating point operations and predictions of a model, fold by fold: those of `train` and `predict`. */
export function modelWork(config: Config, settings: ModelSettings, data: DatasetSize, features: FeatureSizes): ModelWork {
  const network = networkOf(settings, data.classes)
  const clip = flopCounts(network, { length: settings.slice, mels: features.mels })
  const { trained, inferred } = clipsPerUpdate(settings)
  const { curated, ...others } = trained
  const otherClips = Object.values(others).reduce((sum, clips) => sum + clips, 0)
  const isMember = config.ensemble.members.some(({ model }) => model === settings.name)
  const wanted = isPredicted({ config }, settings.name) ? predictionsOf({ config }, settings) : []
  const wholeClip = (split: SplitName, pad: number): number => {
    const length = clipLength(settings, data.splits[split].seconds, features) + 2 * pad
    return flopCounts(network, { length: Math.max(length, architectures[settings.architecture].minLength), mels: features.mels }).forward
  }
  const folds = config.folds.train.map((fold): FoldWork => {
    const { curatedTrain, curatedValid } = foldRows({ config }, data, fold)
    const length = trainingLength(settings, curatedTrain.length, config.training.keepLastBatch)
    const labelled = curatedTrain.length + (settings.noisyAsCurated ? data.splits.noisy.rows.length : 0)
    const clipsTrained = clipsOfPasses(length.steps, labelled, curated, config.training.keepLastBatch) + length.steps * otherClips
    const clipsValidated = validations(config, settings) * curatedValid.length
    const clipsOf = { valid: curatedValid.length, test: data.splits.test.rows.length, noisy: data.splits.noisy.rows.length }
    let clipsPredicted = 0
    let predictionFlops = 0
    for (const { pad, split } of wanted) {
      clipsPredicted += clipsOf[split]
      predictionFlops += clipsOf[split] * wholeClip(split === 'valid' ? 'curated' : split, pad)
    }
    return {
      fold,
      steps: length.steps,
      stepsPerCycle: length.stepsPerCycle,
      clipsTrained,
      clipsValidated,
      clipsPredicted,
      trainingFlops:
        clipsTrained * (clip.forward + clip.backward) + length.steps * inferred * clip.forward + clipsValidated * wholeClip('curated', 0),
      predictionFlops,
    }
  })
  return {
    flopsPerStep: (curated + otherClips) * (clip.forward + clip.backward) + inferred * clip.forward,
    flopsPerClip: clip,
    folds,
    predictions: isMember ? settings.cycles * settings.pads.length * folds.length : 0,
    averaged: averagedPredictions(config, settings.name),
  }
}

/** Frames or samples of a clip of mean length. */
function clipLength({ input }: ModelSettings, seconds: number, { sampleRate, hopSamples }: FeatureSizes): number {
  const samples = Math.round(seconds * sampleRate)
  return input === 'logmel' ? 1 + Math.floor(samples / hopSamples) : samples
}

/** At the end of each cycle, and every so many epochs. */
function validations({ training }: Config, { cycles, epochsPerCycle }: ModelSettings): number {
  const epochs = Array.from({ length: cycles * epochsPerCycle }, (_, index) => index + 1)
  return epochs.filter((epoch) => epoch % epochsPerCycle === 0 || epoch % training.validateEpochs === 0).length
}
