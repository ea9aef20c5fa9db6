import { openFeatures } from '../data/features.js'
import type { FeatureStore } from '../data/features.js'
import type { SplitName } from '../data/layout.js'
import { MissingError } from '../cli/errors.js'
import { DataError } from '../data/data-error.js'
import type { RunFolder } from './run-folder.js'

/** The run's features. @throws MissingError when they were not prepared */
export function openRunFeatures(run: RunFolder): FeatureStore {
  try {
    return openFeatures(run.features, { dropBad: run.config.dropBadClips })
  } catch (error) {
    if (error instanceof DataError && error.code === 'missing-data')
      throw new MissingError(`no features in ${run.features}. Run: dcase2019 prepare --run ${run.path}`)
    throw error
  }
}

/** Multi-hot labels of clips, row-major `[places, classes]`. @throws Error for a split whose labels are secret */
export function labelsOf(features: FeatureStore, split: SplitName, places: readonly number[]): Float32Array {
  const classes = features.classes.length
  const { labels } = features.splits[split]
  if (labels === null) throw new Error(`labelsOf: the labels of ${split} are secret`)
  const matrix = new Float32Array(places.length * classes)
  places.forEach((place, row) => matrix.set(labels.subarray(place * classes, (place + 1) * classes), row * classes))
  return matrix
}

/** Every place of a split: 0 … size − 1. */
export const allPlaces = (features: FeatureStore, split: SplitName): number[] =>
  Array.from({ length: features.splits[split].size }, (_, place) => place)
