import { chooseEnsemble, nestedPredictions } from '@audiotag/ensemble'
import type { EnsembleChoice } from '@audiotag/ensemble'
import { lwlrap } from '@lwrap/metric'
import { join } from 'node:path'
import type { FeatureStore } from '../data/features.js'
import { readJson, writeFileWhole, writeJson } from '../run/files.js'
import { foldRows } from '../run/job-plan.js'
import { labelsOf, openRunFeatures } from '../run/run-features.js'
import { hashOf, settingsOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores, writeScores } from '../run/scores.js'
import { jobKey, predictionFile } from './job-files.js'
import { runStage } from './stage.js'
import { weightedMean } from './weighted-mean.js'
import type { StageOptions } from './stage-options.js'

/** Weight, cycles and paddings of each model of the ensemble, and how they came about. JSON of `ensemble/choice.json`. */
export interface Choice {
  readonly how: 'nested-cv' | 'fixed'
  readonly models: readonly {
    readonly model: string
    readonly weight: number
    readonly cycles: readonly number[]
    readonly pads: readonly number[]
  }[]
  /** Cycles and paddings chosen for a model when it stands alone. */
  readonly singles: readonly { readonly model: string; readonly cycles: readonly number[]; readonly pads: readonly number[] }[]
  /** What the nested cross-validation found; null when the weights were fixed. */
  readonly crossValidation: EnsembleChoice | null
}

/** One system whose scores are compared: a model on its own, or the ensemble. */
export interface SystemScores {
  readonly name: string
  /**
   * File of scores of the held-out clips, `[held-out clips, classes]`: by models of the fold that held them out, and where weights, cycles and
   * paddings were chosen, by a choice made without the clip (nested cross-validation).
   */
  readonly heldOut: string
  /** File of test scores `[test clips, classes]`. */
  readonly test: string
}

export const ensembleSystem = 'ensemble'

export const choiceFile = (run: RunFolder): string => join(run.ensemble, 'choice.json')

export const systemScores = (run: RunFolder, name: string): SystemScores => ({
  name,
  heldOut: join(run.ensemble, `${name}-heldout.npy`),
  test: join(run.ensemble, `${name}-test.npy`),
})

/** Held-out clips of all trained folds, ascending: rows of the `-heldout.npy` files. */
export function heldOutPlaces(run: RunFolder, features: FeatureStore): number[] {
  return run.config.folds.train.flatMap((fold) => foldRows(run, features, fold).curatedValid).toSorted((a, b) => a - b)
}

/**
 * Averages: chooses weights, cycles and paddings on the held-out clips of the folds (never on test clips), then writes held-out and test
 * scores of every model and of the ensemble, and the submission.
 */
export async function ensembleStage(run: RunFolder, options: StageOptions): Promise<{ choice: Choice; submission: string }> {
  const { config } = run
  const folds = config.folds.train
  const key = hashOf([config.ensemble, config.models.map(({ name, pads }) => [pads, folds.map((fold) => jobKey(run, name, fold))])])
  const systems = [...config.ensemble.members.map(({ model }) => model), ensembleSystem].map((name) => systemScores(run, name))
  const outputs = [choiceFile(run), run.submission, ...systems.flatMap(({ heldOut, test }) => [heldOut, test])]
  await runStage(run, options, { stage: 'ensemble', key, outputs }, async () => {
    const features = openRunFeatures(run)
    try {
      const classes = features.classes.length
      const heldOut = heldOutPlaces(run, features)
      const rowOf = new Map(heldOut.map((place, row) => [place, row]))
      const foldPlaces = new Map(folds.map((fold) => [fold, foldRows(run, features, fold).curatedValid.map((place) => rowOf.get(place)!)]))
      const truth = labelsOf(features, 'curated', heldOut)
      const scores = (model: string, fold: number, cycle: number, pad: number, split: 'valid' | 'test') =>
        readScores(
          predictionFile(run, model, fold, cycle, pad, split),
          { clips: split === 'test' ? features.splits.test.size : foldPlaces.get(fold)!.length, classes },
          `dcase2019 predict --run ${run.path} --model ${model}`,
        ).data

      const { choice, heldOutScores } = choose(run, classes, truth, foldPlaces, (...at) => scores(...at, 'valid'))
      writeJson(choiceFile(run), choice)
      const write = (name: string, parts: Choice['models']) => {
        const system = systemScores(run, name)
        const test = weightedMean(parts, (model, cycle, pad) => folds.map((fold) => scores(model, fold, cycle, pad, 'test')))
        writeScores(system.heldOut, { data: heldOutScores(name, parts), clips: heldOut.length, classes })
        writeScores(system.test, { data: test, clips: features.splits.test.size, classes })
        return test
      }
      for (const single of choice.singles) write(single.model, [{ ...single, weight: 1 }])
      const test = write(ensembleSystem, choice.models)
      writeFileWhole(run.submission, submissionCsv(features, test))
      const parts = choice.models.filter(({ weight }) => weight > 0)
      const predictions = parts.reduce((sum, { cycles, pads }) => sum + cycles.length * pads.length * folds.length, 0)
      return { note: `${predictions} predictions, weights ${choice.models.map(({ model, weight }) => `${model} ${weight}`).join(', ')}` }
    } finally {
      features.close()
    }
  })
  return { choice: readJson<Choice>(choiceFile(run))!, submission: run.submission }
}

interface Chosen {
  readonly choice: Choice
  /** Held-out scores of a system, `[held-out clips, classes]`, that no choice made on the same clip went into. */
  readonly heldOutScores: (system: string, parts: Choice['models']) => Float32Array
}

function choose(
  run: RunFolder,
  classes: number,
  truth: Float32Array,
  foldPlaces: ReadonlyMap<number, readonly number[]>,
  predictions: (model: string, fold: number, cycle: number, pad: number) => Float32Array,
): Chosen {
  const { ensemble } = run.config
  const all = ensemble.members.map(({ model, weight, cycles, pads }) => {
    const settings = settingsOf(run.config, model)
    return {
      model,
      weight,
      cycles: cycles ?? Array.from({ length: settings.cycles }, (_, index) => index + 1),
      pads: pads ?? settings.pads,
    }
  })
  if (ensemble.choose === 'fixed') {
    const heldOutScores = (_: string, parts: Choice['models']) => {
      const matrix = new Float32Array(truth.length)
      for (const [fold, places] of foldPlaces) {
        const mean = weightedMean(parts, (model, cycle, pad) => [predictions(model, fold, cycle, pad)])
        places.forEach((row, i) => matrix.set(mean.subarray(i * classes, (i + 1) * classes), row * classes))
      }
      return matrix
    }
    return { choice: { how: 'fixed', models: all, singles: all, crossValidation: null }, heldOutScores }
  }
  const members = all.flatMap(({ model, cycles, pads }) =>
    cycles.flatMap((cycle) =>
      pads.flatMap((pad) =>
        [...foldPlaces].map(([fold, clips]) => ({ model, fold, cycle, pad, clips, predictions: predictions(model, fold, cycle, pad) })),
      ),
    ),
  )
  const score = (labels: Float32Array, scores: Float32Array) => lwlrap(labels, scores, { classes }).overall
  const found = chooseEnsemble({ members, truth, classes, score })
  return {
    choice: {
      how: 'nested-cv',
      models: found.models,
      singles: found.singles.map(({ model, cycles, pads }) => ({ model, cycles, pads })),
      crossValidation: found,
    },
    heldOutScores: (system) => {
      if (system === ensembleSystem) return nestedPredictions({ members, truth, classes }, found)
      const alone = { members: members.filter(({ model }) => model === system), truth, classes }
      return nestedPredictions(alone, chooseEnsemble({ ...alone, score }))
    },
  }
}

const cell = (text: string) => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** A row for every test clip of the table, as scorers ask for; zeros for one that was left out. */
function submissionCsv({ classes, index, splits }: FeatureStore, scores: Float32Array): string {
  const placeOf = new Map(splits.test.names.map((name, place) => [name, place]))
  const none = new Float32Array(classes.length)
  const lines = index.splits.test.clips.map(({ name }) => {
    const place = placeOf.get(name)
    return [cell(name), ...(place === undefined ? none : scores.subarray(place * classes.length, (place + 1) * classes.length))].join(',')
  })
  return `${['fname', ...classes.map(cell)].join(',')}\n${lines.join('\n')}\n`
}
