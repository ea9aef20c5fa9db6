import { createRng } from '@audiotag/augment'
import { WeightedAverage } from '@audiotag/ensemble'
import { lwlrap } from '@lwrap/metric'
import { ablationRows } from '../config/ablation.js'
import type { AblationRow } from '../config/ablation.js'
import type { FeatureStore } from '../data/features.js'
import { foldRows } from '../run/job-plan.js'
import { allPlaces, labelsOf, openRunFeatures } from '../run/run-features.js'
import { settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { pairedInterval } from './paired-interval.js'
import type { ClipSums, PairedInterval } from './paired-interval.js'
import { predictionFile } from './job-files.js'

/** lwlrap of a row by seed, in the order of the runs, and the difference from the row it is compared with. */
export interface RowScores {
  readonly row: AblationRow
  /** On the held-out clips of the folds. */
  readonly crossValidation: readonly number[]
  readonly test: readonly number[]
  /** Null for a row that is compared with none. */
  readonly crossValidationDifference: PairedInterval | null
  readonly testDifference: PairedInterval | null
}

/** JSON of `ablation.json`. */
export interface AblationScores {
  readonly seeds: readonly number[]
  readonly clips: { readonly crossValidation: number; readonly test: number }
  readonly rows: readonly RowScores[]
  /** The full system against curated clips without augmentation. */
  readonly headline: { readonly crossValidation: PairedInterval; readonly test: PairedInterval }
}

const resamples = 2000
const level = 0.95

/** Scores every row of a finished ablation, and each difference with an interval over clips and seeds. */
export function ablationScores(runs: readonly RunFolder[]): AblationScores {
  const stores = runs.map((run) => openRunFeatures(run))
  try {
    const sums = new Map(ablationRows.map((row) => [row.id, rowSums(runs, stores, row)]))
    const compare = (set: 'crossValidation' | 'test', row: string, against: string | null): PairedInterval | null =>
      against === null
        ? null
        : pairedInterval(sums.get(row)![set], sums.get(against)![set], {
            rng: createRng('ablation').fork(set).fork(row).fork(against),
            resamples,
            level,
          })
    const first = sums.get(ablationRows[0].id)!
    return {
      seeds: runs.map(({ config }) => config.seed),
      clips: { crossValidation: first.crossValidation[0].positives.length, test: first.test[0].positives.length },
      rows: ablationRows.map((row) => ({
        row,
        crossValidation: sums.get(row.id)!.crossValidation.map(overall),
        test: sums.get(row.id)!.test.map(overall),
        crossValidationDifference: compare('crossValidation', row.id, row.against),
        testDifference: compare('test', row.id, row.against),
      })),
      headline: { crossValidation: compare('crossValidation', 'full', 'baseline')!, test: compare('test', 'full', 'baseline')! },
    }
  } finally {
    for (const store of stores) store.close()
  }
}

function rowSums(
  runs: readonly RunFolder[],
  stores: readonly FeatureStore[],
  { parts }: AblationRow,
): { crossValidation: ClipSums[]; test: ClipSums[] } {
  const of = (split: 'valid' | 'test') =>
    runs.map((run, i) => {
      const features = stores[i]
      const folds = run.config.folds.train
      if (split === 'test') {
        const places = allPlaces(features, 'test')
        return clipSums(
          labelsOf(features, 'test', places),
          average(run, features, parts, folds, 'test', places.length),
          features.classes.length,
        )
      }
      // Each fold's model scores the clips that it held out.
      const each = folds.map((fold) => {
        const places = foldRows(run, features, fold).curatedValid
        return clipSums(
          labelsOf(features, 'curated', places),
          average(run, features, parts, [fold], 'valid', places.length),
          features.classes.length,
        )
      })
      return { precisions: each.flatMap(({ precisions }) => [...precisions]), positives: each.flatMap(({ positives }) => [...positives]) }
    })
  return { crossValidation: of('valid'), test: of('test') }
}

/** Weighted mean over models of the mean over snapshots, paddings and folds. */
function average(
  run: RunFolder,
  features: FeatureStore,
  parts: AblationRow['parts'],
  folds: readonly number[],
  split: 'valid' | 'test',
  clips: number,
): Float32Array {
  const mean = new WeightedAverage()
  for (const { model, weight, cycles: which, pads } of parts) {
    const { cycles: count } = settingsOf(run.config, model)
    const cycles = which === 'last' ? [count] : Array.from({ length: count }, (_, index) => index + 1)
    const share = weight / (cycles.length * pads.length * folds.length)
    for (const fold of folds)
      for (const cycle of cycles)
        for (const pad of pads) {
          const file = predictionFile(run, model, fold, cycle, pad, split)
          mean.add(
            readScores(file, { clips, classes: features.classes.length }, `dcase2019 predict --run ${run.path} --model ${model}`).data,
            share,
          )
        }
  }
  return mean.result().predictions
}

/** lwlrap as sums over clips, which resampling can add up again. */
function clipSums(truth: Float32Array, scores: Float32Array, classes: number): ClipSums {
  const precisions: number[] = []
  const positives: number[] = []
  for (let start = 0; start < truth.length; start += classes) {
    const labels = truth.subarray(start, start + classes)
    const count = labels.reduce((sum, label) => sum + label, 0)
    if (count === 0) continue
    precisions.push(count * lwlrap(labels, scores.subarray(start, start + classes), { classes }).overall)
    positives.push(count)
  }
  return { precisions, positives }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const overall = ({ precisions, positives }: ClipSums): number => total(precisions) / total(positives)
