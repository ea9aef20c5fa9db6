import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { createRng } from '@audiotag/augment'
import { lwlrap } from '@lwrap/metric'
import { ablationRows } from '../config/ablation.js'
import type { AblationRow } from '../config/ablation.js'
import type { FeatureStore } from '../data/features.js'
import type { AblationScores, LabelQuality, PairedInterval } from '../report/ablation-data.js'
import { foldRows } from '../run/job-plan.js'
import { allPlaces, labelsOf, openRunFeatures } from '../run/run-features.js'
import { settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { pairedInterval } from './paired-interval.js'
import type { ClipSums } from './paired-interval.js'
import { predictionFile, readJobRecord } from './job-files.js'
import { pseudoLabelFile } from './pseudo-label.js'
import { weightedMean } from './weighted-mean.js'

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
      folds: runs[0].config.folds.train.length,
      level,
      clips: { crossValidation: first.crossValidation[0].positives.length, test: first.test[0].positives.length },
      rows: ablationRows.map((row) => ({
        row,
        crossValidation: sums.get(row.id)!.crossValidation.map(overall),
        test: sums.get(row.id)!.test.map(overall),
        crossValidationDifference: compare('crossValidation', row.id, row.against),
        testDifference: compare('test', row.id, row.against),
      })),
      headline: { crossValidation: compare('crossValidation', 'full', 'baseline')!, test: compare('test', 'full', 'baseline')! },
      labelQuality: labelQuality(runs, stores[0]),
      cost: costOf(runs),
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
  const chosen = parts.map(({ cycles, ...part }) => {
    const { cycles: count } = settingsOf(run.config, part.model)
    return { ...part, cycles: { first: [1], last: [count], all: Array.from({ length: count }, (_, index) => index + 1) }[cycles] }
  })
  const shape = { clips, classes: features.classes.length }
  return weightedMean(chosen, (model, cycle, pad) =>
    folds.map((fold) => {
      const file = predictionFile(run, model, fold, cycle, pad, split)
      return readScores(file, shape, `dcase2019 predict --run ${run.path} --model ${model}`).data
    }),
  )
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

/** What a data set whose noise was made says of it: `meta/noisy.csv` with `fname` and `true_labels`. */
function labelQuality(runs: readonly RunFolder[], features: FeatureStore): LabelQuality | null {
  const file = join(runs[0].config.data!, 'meta', 'noisy.csv')
  if (!existsSync(file)) return null
  const rows = parse<Record<string, string>>(readFileSync(file), { columns: true })
  const trueLabels = new Map(rows.map((row) => [row['fname'], row['true_labels'] ?? '']))
  const classes = features.classes.length
  const { names, size } = features.splits.noisy
  const truth = new Float32Array(size * classes)
  names.forEach((name, place) => {
    for (const label of (trueLabels.get(name) ?? '').split(',')) {
      const at = features.classes.indexOf(label)
      if (at >= 0) truth[place * classes + at] = 1
    }
  })
  const quality = (scores: Float32Array) => lwlrap(truth, scores, { classes }).overall
  const pseudo: Record<string, number> = {}
  for (const { name, ssl } of runs[0].config.models) {
    if (!ssl) continue
    const each = runs.flatMap((run) =>
      run.config.folds.train.map((fold) =>
        quality(
          readScores(pseudoLabelFile(run, name, fold), { clips: size, classes }, `dcase2019 pseudo-label --run ${run.path} --model ${name}`)
            .data,
        ),
      ),
    )
    pseudo[name] = total(each) / each.length
  }
  const clips = names.filter((_, place) => truth.subarray(place * classes, (place + 1) * classes).includes(1)).length
  return { clips, given: quality(labelsOf(features, 'noisy', allPlaces(features, 'noisy'))), pseudo }
}

function costOf(runs: readonly RunFolder[]): AblationScores['cost'] {
  const records = runs.flatMap((run) =>
    run.config.models.flatMap(({ name }) => run.config.folds.train.map((fold) => readJobRecord(run, name, fold)!)),
  )
  return {
    trainings: records.length,
    trainingSeconds: Math.round(total(records.map(({ seconds = 0 }) => seconds))),
    predictionSeconds: Math.round(total(records.map(({ predictions }) => predictions?.seconds ?? 0))),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.versions.node,
    commit: (records[0]['commit'] as string | null | undefined) ?? null,
  }
}
