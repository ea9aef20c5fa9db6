import { resolve } from 'node:path'
import { programFolder } from '../config/load-config.js'
import type { Config } from '../config/schema.js'
import type { FeatureStore } from '../data/features.js'
import { splitNames } from '../data/layout.js'
import type { SplitName } from '../data/layout.js'
import type { ReportSplit } from '../report/report-data.js'

/** Are the sounds the ones that come with the program? */
export const isBundledData = ({ data }: Pick<Config, 'data'>): boolean =>
  data !== null && resolve(data) === resolve(programFolder, 'data/minifsd-open')

/** Name of the data set, for people. */
export function datasetName(config: Config, { index }: FeatureStore): string {
  if (isBundledData(config)) return 'MiniFSD-open'
  return index.layout === 'minifsd' ? 'MiniFSD' : 'FSDKaggle2019'
}

/** Clips, minutes and labels of each part of the data set, as used. */
export function reportDataset(config: Config, features: FeatureStore): ReportSplit[] {
  return splitNames.map((split) => {
    const clips = features.splits[split]
    const { size, labels, rowCount } = clips
    let seconds = 0
    for (let place = 0; place < size; place++) {
      const { samples, sampleRate } = clips.about(place)
      seconds += samples / sampleRate
    }
    const leftOut = rowCount === size ? '' : `; ${rowCount - size} of ${rowCount} left out as bad`
    return {
      name: split,
      clips: size,
      labelsPerClip: labels === null || size === 0 ? null : labels.reduce((sum, label) => sum + label, 0) / size,
      minutes: seconds / 60,
      about: `${labelQuality(config, split, labels === null)}${leftOut}`,
    }
  })
}

function labelQuality(config: Config, split: SplitName, secret: boolean): string {
  if (secret) return 'secret: predicted, not scored'
  if (split === 'test') return 'correct; scored only'
  if (split === 'curated') return 'correct; trained on, and scored by the folds that did not see them'
  // meta/noisy.csv of the bundled sounds: 110 + 30 of 400 wrong, 40 with one missing, 60 with a foreign sound besides.
  return isBundledData(config)
    ? 'noisy on purpose: wrong for 35 %, one missing for 10 %, a foreign sound besides for 15 %'
    : 'noisy: many are wrong or incomplete'
}
