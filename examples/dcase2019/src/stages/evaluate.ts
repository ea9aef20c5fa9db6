import { createRng } from '@audiotag/augment'
import { bootstrapInterval, compareSystems, lwlrap } from '@lwrap/metric'
import { readJson, writeJson } from '../run/files.js'
import { allPlaces, labelsOf, openRunFeatures } from '../run/run-features.js'
import { hashOf } from '../run/run-folder.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { choiceFile, ensembleSystem, heldOutPlaces, systemScores } from './ensemble.js'
import type { Choice } from './ensemble.js'
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
  /** Held-out clips of the folds. The choice of weights was made on these: see `nested`. */
  readonly crossValidation: Score
  /** Honest cross-validation of a system whose weights, cycles and paddings were chosen: nested; null when nothing was chosen. */
  readonly nested: number | null
  /** `All`, and `Public`, `Private` where the data set says which is which; empty when test labels are secret. */
  readonly test: Readonly<Record<string, Score>>
}

/** JSON of `evaluation.json`. */
export interface Evaluation {
  readonly systems: readonly SystemEvaluation[]
  /** The model that is best on its own by cross-validation, and the ensemble against it on the test clips (paired bootstrap). */
  readonly comparison: { readonly best: string; readonly difference: number; readonly low: number; readonly high: number } | null
  readonly verdict: string
}

/** lwlrap of every model and of the ensemble on held-out and, where labelled, test clips. */
export async function evaluateStage(run: RunFolder, options: StageOptions): Promise<Evaluation> {
  const choice = readJson<Choice>(choiceFile(run))
  const key = hashOf([choice, readJson<{ stages?: { ensemble?: { key: string } } }>(`${run.path}/run.json`)?.stages?.ensemble?.key])
  await runStage(run, options, 'evaluate', key, async () => {
    const features = openRunFeatures(run)
    try {
      const classes = features.classes.length
      const wayOut = `Run: dcase2019 ensemble --run ${run.path}`
      const names = [...(choice?.singles ?? []).map(({ model }) => model), ensembleSystem]
      const heldOut = heldOutPlaces(run, features)
      const heldOutTruth = labelsOf(features, 'curated', heldOut)
      const { test } = features.splits
      const parts = testParts(test.usage, test.labels === null ? [] : allPlaces(features, 'test'))
      const rng = createRng(run.config.seed).fork('bootstrap')
      const score = (truth: Float32Array, scores: Float32Array): Score => scoreOf(features.classes, truth, scores, rng.fork('interval'))
      const systems = names.map((system): SystemEvaluation => {
        const files = systemScores(run, system)
        const testScores = readScores(files.test, classes, wayOut).data
        const found = choice?.crossValidation
        return {
          system,
          crossValidation: score(heldOutTruth, readScores(files.heldOut, classes, wayOut).data),
          nested: (system === ensembleSystem ? found?.estimate : found?.singles.find(({ model }) => model === system)?.estimate) ?? null,
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
      const honest = ({ nested, crossValidation }: SystemEvaluation) => nested ?? crossValidation.overall
      const best = systems.filter(({ system }) => system !== ensembleSystem).toSorted((a, b) => honest(b) - honest(a))[0]
      const whole = systems.find(({ system }) => system === ensembleSystem)!
      let comparison: Evaluation['comparison'] = null
      if (best && parts['All']) {
        const truth = labelsOf(features, 'test', parts['All'])
        const { difference, low, high } = compareSystems(
          truth,
          readScores(systemScores(run, ensembleSystem).test, classes, wayOut).data,
          readScores(systemScores(run, best.system).test, classes, wayOut).data,
          { classes, rng: rng.fork('paired') },
        )
        comparison = { best: best.system, difference, low, high }
      }
      writeJson(run.evaluation, { systems, comparison, verdict: verdictOf(whole, systems, comparison) } satisfies Evaluation)
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
  const { low, high } = bootstrapInterval(truth, scores, { classes, rng })
  return {
    clips: truth.length / classes,
    overall,
    low,
    high,
    perClass: labels.map((label, c) => ({
      label,
      lwlrap: Number.isNaN(perClass[c]) ? null : perClass[c]!,
      weight: weights[c]!,
      positives: positives[c]!,
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

function verdictOf(whole: SystemEvaluation, systems: readonly SystemEvaluation[], comparison: Evaluation['comparison']): string {
  const test = (system: SystemEvaluation) => system.test['All']?.overall ?? system.crossValidation.overall
  const where = whole.test['All'] ? 'the test split' : 'cross-validation'
  const single = systems.filter((each) => each !== whole).toSorted((a, b) => test(b) - test(a))[0]
  if (!single) return 'There is no single model to compare with.'
  const gap = test(whole) - test(single)
  const numbers = `${test(whole).toFixed(4)} against ${test(single).toFixed(4)} of model ${single.system} on ${where}`
  const paired = comparison
    ? ` Against model ${comparison.best}, the best by cross-validation: ${signed(comparison.difference)} (95 % interval ${signed(comparison.low)} to ${signed(comparison.high)}).`
    : ''
  return (
    (gap > 0 ? `The ensemble beats the best single model: ${numbers}.` : `The ensemble does not beat the best single model: ${numbers}.`) +
    paired
  )
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`

/** The scores side by side, for the terminal. */
export function scoreTable(evaluation: Evaluation): string {
  const parts = Object.keys(evaluation.systems[0]?.test ?? {})
  const header = ['lwlrap', 'cross-validation', 'nested', ...parts.map((part) => (part === 'All' ? 'test' : `test ${part}`))]
  const rows = evaluation.systems.map(({ system, crossValidation, nested, test }) => [
    system === ensembleSystem ? 'ensemble' : `model ${system}`,
    interval(crossValidation),
    nested === null ? '' : nested.toFixed(3),
    ...parts.map((part) => interval(test[part]!)),
  ])
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), '', evaluation.verdict].join('\n')
}

const interval = ({ overall, low, high }: Score) => `${overall.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
