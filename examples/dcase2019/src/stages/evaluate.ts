import { createRng } from '@audiotag/augment'
import { bootstrapInterval, compareSystems, lwlrap } from '@lwrap/metric'
import { ensembleVerdict } from '../report/ensemble-verdict.js'
import type { ReportComparison } from '../report/report-data.js'
import { readJson, writeJson } from '../run/files.js'
import { allPlaces, labelsOf, openRunFeatures } from '../run/run-features.js'
import { hashOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { choiceFile, ensembleSystem, heldOutPlaces, systemScores } from './ensemble.js'
import type { Choice } from './ensemble.js'
import { reportSystems, testSetName } from './report-scores.js'
import { runStage } from './stage.js'
import type { StageOptions } from './stage-options.js'

/** lwlrap of one system on one set of clips. */
export interface Score {
  readonly clips: number
  readonly overall: number
  /** 95 % bootstrap interval over clips. */
  readonly low: number
  readonly high: number
  readonly perClass: readonly {
    readonly label: string
    readonly lwlrap: number | null
    readonly weight: number
    readonly positives: number
  }[]
}

export interface SystemEvaluation {
  readonly system: string
  /** Held-out clips of the folds; nested where weights, cycles and paddings were chosen, so no clip is scored by a choice made on it. */
  readonly crossValidation: Score
  /** `All`, and `Public`, `Private` where the data set says which is which; empty when test labels are secret. */
  readonly test: Readonly<Record<string, Score>>
}

/** JSON of `evaluation.json`. */
export interface Evaluation {
  /** The models on their own, then the ensemble. */
  readonly systems: readonly SystemEvaluation[]
  /** The set that decides: `test`, or `cross-validation` where test labels are secret. */
  readonly primarySet: 'test' | 'cross-validation'
  /** The ensemble against the model that is best on its own on `primarySet`, on the same clips (paired bootstrap). */
  readonly comparison: ReportComparison | null
  /** Whether the ensemble beats the best single model, in words. */
  readonly verdict: string
}

/** Level of every interval. */
export const intervalLevel = 0.95

/** lwlrap of every model and of the ensemble on held-out and, where labelled, test clips. */
export async function evaluateStage(run: RunFolder, options: StageOptions): Promise<Evaluation> {
  const choice = readJson<Choice>(choiceFile(run))
  const key = hashOf([choice, readJson<{ stages?: { ensemble?: { key: string } } }>(`${run.path}/run.json`)?.stages?.ensemble?.key])
  await runStage(run, options, { stage: 'evaluate', key, outputs: [run.evaluation] }, async () => {
    const features = openRunFeatures(run)
    try {
      const classes = features.classes.length
      const names = [...(choice?.singles ?? []).map(({ model }) => model), ensembleSystem]
      const heldOut = heldOutPlaces(run, features)
      const heldOutTruth = labelsOf(features, 'curated', heldOut)
      const { test } = features.splits
      const scoresOf = (system: string, set: 'heldOut' | 'test') => {
        const clips = set === 'test' ? test.size : heldOut.length
        return readScores(systemScores(run, system)[set], { clips, classes }, `dcase2019 ensemble --run ${run.path}`).data
      }
      const parts = testParts(test.usage, test.labels === null ? [] : allPlaces(features, 'test'))
      const rng = createRng(run.config.seed).fork('bootstrap')
      const score = (truth: Float32Array, scores: Float32Array): Score => scoreOf(features.classes, truth, scores, rng.fork('interval'))
      const systems = names.map((system): SystemEvaluation => {
        const testScores = scoresOf(system, 'test')
        return {
          system,
          crossValidation: score(heldOutTruth, scoresOf(system, 'heldOut')),
          test: Object.fromEntries(
            Object.entries(parts).map(([part, places]) => [
              part,
              score(
                labelsOf(features, 'test', places),
                rowsOf(
                  places.map((place) => testScores.subarray(place * classes, (place + 1) * classes)),
                  classes,
                ),
              ),
            ]),
          ),
        }
      })
      const primarySet = parts['All'] ? 'test' : 'cross-validation'
      const scored = { systems: reportSystems(systems), primarySet, intervalLevel } as const
      const { best } = ensembleVerdict({ ...scored, comparison: null })
      const whole = systems.find(({ system }) => system === ensembleSystem)!
      let comparison: Evaluation['comparison'] = null
      if (best !== null) {
        const set = parts['All'] ? 'test' : 'heldOut'
        const truth = parts['All'] ? labelsOf(features, 'test', parts['All']) : heldOutTruth
        const paired = { classes, level: intervalLevel, rng: rng.fork('paired') }
        const { difference, low, high, pValue } = compareSystems(truth, scoresOf(ensembleSystem, set), scoresOf(best, set), paired)
        comparison = { model: best, difference, low, high, pValue }
      }
      const verdict = ensembleVerdict({ ...scored, comparison }).sentence
      writeJson(run.evaluation, { systems, primarySet, comparison, verdict } satisfies Evaluation)
      const shown = whole.test['All']
      return {
        note: shown
          ? `ensemble ${shown.overall.toFixed(3)} on test, ${whole.crossValidation.overall.toFixed(3)} in cross-validation`
          : `ensemble ${whole.crossValidation.overall.toFixed(3)} in cross-validation (test labels are secret)`,
      }
    } finally {
      features.close()
    }
  })
  return readJson<Evaluation>(run.evaluation)!
}

function scoreOf(labels: readonly string[], truth: Float32Array, scores: Float32Array, rng: () => number): Score {
  const classes = labels.length
  const { overall, perClass, weights, positives } = lwlrap(truth, scores, { classes })
  const { low, high } = bootstrapInterval(truth, scores, { classes, level: intervalLevel, rng })
  return {
    clips: truth.length / classes,
    overall,
    low,
    high,
    perClass: labels.map((label, c) => ({
      label,
      lwlrap: Number.isNaN(perClass[c]) ? null : perClass[c],
      weight: weights[c],
      positives: positives[c],
    })),
  }
}

function rowsOf(rows: readonly Float32Array[], classes: number): Float32Array {
  const matrix = new Float32Array(rows.length * classes)
  rows.forEach((row, i) => matrix.set(row, i * classes))
  return matrix
}

/** Places of the test clips by usage. */
function testParts(usage: readonly (string | undefined)[], places: number[]): Record<string, number[]> {
  if (places.length === 0) return {}
  const parts: Record<string, number[]> = { All: places }
  for (const part of ['Public', 'Private']) {
    const members = places.filter((place) => usage[place] === part)
    if (members.length > 0) parts[part] = members
  }
  return parts
}

/** The scores side by side, for the terminal. */
export function scoreTable(evaluation: Evaluation): string {
  const parts = Object.keys(evaluation.systems[0]?.test ?? {})
  const header = ['lwlrap', 'cross-validation', ...parts.map(testSetName)]
  const rows = evaluation.systems.map(({ system, crossValidation, test }) => [
    system === ensembleSystem ? 'ensemble' : `model ${system}`,
    interval(crossValidation),
    ...parts.map((part) => interval(test[part])),
  ])
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd()
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), '', evaluation.verdict].join('\n')
}

const interval = ({ overall, low, high }: Score) => `${overall.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
