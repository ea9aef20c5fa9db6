import { createRng } from '@audiotag/augment'
import { decodeNpy } from '@audiotag/melspec'
import { lwlrap } from '@lwrap/metric'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MissingError } from '../../src/cli/errors.js'
import { resolveConfig } from '../../src/config/load-config.js'
import { writeJson } from '../../src/run/files.js'
import type { ProgramEvent } from '../../src/run/events.js'
import { foldRows, trainingLength } from '../../src/run/job-plan.js'
import { labelsOf, openRunFeatures } from '../../src/run/run-features.js'
import { recordStage, openRun } from '../../src/run/run-folder.js'
import type { RunFolder } from '../../src/run/run-folder.js'
import { writeScores } from '../../src/run/scores.js'
import { ensembleStage, heldOutPlaces, systemScores } from '../../src/stages/ensemble.js'
import { evaluateStage } from '../../src/stages/evaluate.js'
import type { Evaluation } from '../../src/stages/evaluate.js'
import { predictionFile, writeJobRecord } from '../../src/stages/job-files.js'
import { prepareStage } from '../../src/stages/prepare.js'
import { reportStage } from '../../src/stages/report.js'
import type { StageOptions } from '../../src/stages/stage-options.js'
import { kaggleFiles, temporaryFolder, writeFiles, zenodoFiles } from '../data/make-dataset.js'
import { readMarkup } from './read-markup.js'

const narrow = { width: 0.125, epochsPerCycle: 2, batch: 2 }
const experiment = {
  name: 'small',
  about: 'Made up for tests.',
  folds: { count: 2, train: [0, 1] },
  models: [
    { ...narrow, paper: '1', name: 'A', slice: 12, cycles: 2, pads: [0, 2] },
    { ...narrow, paper: '2', name: 'B', slice: 12, cycles: 1, pads: [0], initFrom: 'A', ssl: { labels: { from: 'A' } } },
    { ...narrow, paper: '4', name: 'C', slice: 4000, cycles: 1, pads: [0], initFrom: null },
  ],
  ensemble: {
    choose: 'nested-cv',
    members: ['A', 'B', 'C'].map((model, i) => ({ model, weight: i + 1, cycles: null, pads: null })),
  },
}

const events: ProgramEvent[] = []
const options: StageOptions = {
  report: (event) => events.push(event),
  signal: new AbortController().signal,
  backend: 'cpu',
  threads: 1,
  jobs: 1,
  workers: 0,
  skipBad: false,
}

/** A run as if its models were trained: features are real, predictions are the truth in noise. */
async function trainedRun(files: Record<string, string | Uint8Array>, change: object = {}): Promise<RunFolder> {
  const folder = temporaryFolder()
  const data = writeFiles(join(folder, 'data'), files)
  const run = openRun(join(folder, 'run'), resolveConfig({ ...experiment, ...change, data }, 'test'))
  await prepareStage(run, options)
  recordStage(run, 'train A', { status: 'done', key: '', started: '', seconds: 61, note: '2 folds, 2 cycles of 2 epochs' })
  const features = openRunFeatures(run)
  const classes = features.classes.length
  const { size, labels } = features.splits.test
  for (const settings of run.config.models) {
    for (const fold of run.config.folds.train) {
      const rng = createRng(`${settings.name}/${fold}`)
      const noisy = (truth: ArrayLike<number>) => Float32Array.from(truth, (label) => 0.15 * label + 0.85 * rng())
      const rows = foldRows(run, features, fold)
      const held = rows.curatedValid
      for (let cycle = 1; cycle <= settings.cycles; cycle++) {
        for (const pad of settings.pads) {
          const valid = noisy(labelsOf(features, 'curated', held))
          writeScores(predictionFile(run, settings.name, fold, cycle, pad, 'valid'), { data: valid, clips: held.length, classes })
          const test = noisy(labels ?? new Float32Array(size * classes))
          writeScores(predictionFile(run, settings.name, fold, cycle, pad, 'test'), { data: test, clips: size, classes })
        }
      }
      const { stepsPerEpoch, epochs } = trainingLength(settings, rows.curatedTrain.length, true)
      mkdirSync(run.job(settings.name, fold), { recursive: true })
      const about = { model: settings.name, fold }
      const lines = Array.from({ length: epochs }, (_, i) => {
        const epoch = i + 1
        const step = epoch * stepsPerEpoch
        const losses = { total: 2 / epoch, curated: 1 / epoch, noisy: 1 / epoch }
        return [
          { type: 'epoch', ...about, epoch, epochs, step, learningRate: 1e-3, losses, clipsPerSecond: 100 },
          ...(epoch % settings.epochsPerCycle === 0
            ? [
                { type: 'validation', ...about, epoch, step, lwlrap: 0.8125 },
                { type: 'snapshot', ...about, cycle: epoch / settings.epochsPerCycle, step, file: 'x' },
              ]
            : []),
        ]
      })
      writeFileSync(
        join(run.job(settings.name, fold), 'events.jsonl'),
        lines
          .flat()
          .map((event) => `${JSON.stringify(event)}\n`)
          .join(''),
      )
      const backend = { name: 'cpu', threads: 1, simd: null }
      writeJobRecord(run, settings.name, fold, { status: 'done', key: 'k', started: '2026-01-01T00:00:00.000Z', seconds: 61, backend })
    }
  }
  features.close()
  return run
}

const read = (path: string): number[] => [...decodeNpy(readFileSync(path)).data].map(Number)

async function reported(run: RunFolder): Promise<{ evaluation: Evaluation; page: string; words: string }> {
  await ensembleStage(run, options)
  const evaluation = await evaluateStage(run, options)
  const page = readFileSync(await reportStage(run, options), 'utf8')
  return { evaluation, page, words: readMarkup(page).text.replaceAll(/\s+/gu, ' ') }
}

describe('cross-validation', () => {
  test('a chosen ensemble, and each model, is scored by choices made without the clip', async () => {
    const run = await trainedRun(kaggleFiles())
    const { choice } = await ensembleStage(run, options)
    const { systems } = await evaluateStage(run, options)
    const found = choice.crossValidation!
    const estimates = [...found.singles.map(({ estimate }) => estimate), found.estimate]
    systems.forEach(({ system, crossValidation }, i) => expect(crossValidation.overall, system).toBeCloseTo(estimates[i], 12))
    // The optimistic score is another one here, so the two were not mistaken for each other.
    expect(found.score).toBeGreaterThan(found.estimate)
  })

  test('fixed weights: the weighted mean of the fold’s own models', async () => {
    const run = await trainedRun(kaggleFiles(), { ensemble: { ...experiment.ensemble, choose: 'fixed' } })
    await ensembleStage(run, options)
    const features = openRunFeatures(run)
    const places = heldOutPlaces(run, features)
    const fold = 1
    const own = foldRows(run, features, fold).curatedValid
    const mean = (model: string, cells: readonly (readonly [number, number])[]) => {
      const all = cells.map(([cycle, pad]) => read(predictionFile(run, model, fold, cycle, pad, 'valid')))
      return all[0].map((_, i) => all.reduce((sum, each) => sum + each[i], 0) / all.length)
    }
    const [a, b, c] = [
      mean('A', [
        [1, 0],
        [1, 2],
        [2, 0],
        [2, 2],
      ]),
      mean('B', [[1, 0]]),
      mean('C', [[1, 0]]),
    ]
    const scores = read(systemScores(run, 'ensemble').heldOut)
    own.forEach((place, i) => {
      for (let k = 0; k < 3; k++) {
        const expected = (a[i * 3 + k] + 2 * b[i * 3 + k] + 3 * c[i * 3 + k]) / 6
        expect(scores[places.indexOf(place) * 3 + k]).toBeCloseTo(expected, 6)
      }
    })
    features.close()
  })
})

describe('the report of a run', () => {
  test('shows what the run folder holds', async () => {
    const run = await trainedRun(kaggleFiles())
    const { evaluation, page, words } = await reported(run)
    const markup = readMarkup(page)
    const numbers = new Set(markup.tags.filter(({ name }) => name === 'data').map(({ attributes }) => Number(attributes['value'])))
    for (const { crossValidation, test: scored } of evaluation.systems) {
      expect(numbers).toContain(crossValidation.overall)
      expect(numbers).toContain(scored['All'].overall)
    }
    expect(words).toContain(evaluation.verdict)
    expect(words).toContain(
      "A and B with 1/8 of the paper's width and slices of 12 instead of 512 frames; C with 1/8 of the paper's width and slices of 4,000 instead of 133,300 samples",
    )
    expect(numbers).toContain(0.8125)
    expect(words).toContain('soft pseudo labels by A; starts from A')
    expect(words).toContain('mixup of power')
    expect(words).toContain('train A 1 min 01 s 2 folds, 2 cycles of 2 epochs')
    expect(words).not.toMatch(/NaN|undefined|\[object/u)
    // These references were measured on the bundled sounds only.
    expect(words).not.toMatch(/chance 0|plain baseline/u)
    for (const { name, attributes } of markup.tags.filter((tag) => tag.name === 'audio' || tag.name === 'a')) {
      const link = decodeURIComponent(name === 'audio' ? attributes['src'] : attributes['href'])
      if (!link.startsWith('#')) expect(existsSync(resolve(run.path, link)), link).toBe(true)
    }
    expect(markup.tags.filter(({ name }) => name === 'audio')).toHaveLength(4)
  })

  test('counts clips as right when every true label is ranked first', async () => {
    const run = await trainedRun(kaggleFiles())
    const { words } = await reported(run)
    const features = openRunFeatures(run)
    const { labels, size } = features.splits.test
    const scores = decodeNpy(readFileSync(systemScores(run, 'ensemble').test)).data as Float32Array
    features.close()
    const right = Array.from({ length: size }, (_, clip) => {
      const part = [clip * 3, clip * 3 + 3] as const
      return lwlrap(labels!.subarray(...part), scores.subarray(...part), { classes: 3 }).overall === 1
    }).filter(Boolean).length
    expect(words).toContain(`ensemble on test: ${right} of ${size} clips are right`)
  })

  test('notes the paper’s value where it differs, and not where only a name does', async () => {
    const { page } = await reported(await trainedRun(kaggleFiles()))
    const rows = page.split("the paper's #2".replaceAll("'", '&#39;'))[1].split('</details>')[0]
    const row = (name: string) => rows.split(`>${name}</th>`)[1].split('</tr>')[0]
    expect(row('slice')).toContain('the paper: 512')
    expect(row('cycles')).toContain('the paper: 7')
    for (const same of ['initFrom', 'ssl.labels.from', 'ssl.weight', 'optimizer.kind']) expect(row(same)).not.toContain('the paper')
  })

  test('is the same again, and is passed over when nothing changed', async () => {
    const run = await trainedRun(kaggleFiles())
    const { page } = await reported(run)
    writeFileSync(run.report, 'left alone')
    events.length = 0
    await reportStage(run, options)
    expect(events).toEqual([expect.objectContaining({ stage: 'report', state: 'already done' })])
    expect(readFileSync(run.report, 'utf8')).toBe('left alone')
    const record = JSON.parse(readFileSync(join(run.path, 'run.json'), 'utf8')) as { stages: Record<string, unknown> }
    delete record.stages['report']
    writeJson(join(run.path, 'run.json'), record)
    await reportStage(run, options)
    expect(readFileSync(run.report, 'utf8')).toBe(page)
  })

  test('Public and Private are sets of their own', async () => {
    const { words, evaluation } = await reported(await trainedRun(zenodoFiles()))
    expect(Object.keys(evaluation.systems[0].test)).toEqual(['All', 'Public', 'Private'])
    expect(words).toContain('test Public')
    expect(words).toContain('test Private')
  })

  test('secret test labels: cross-validation decides', async () => {
    const { evaluation, words } = await reported(await trainedRun(kaggleFiles({}, { testLabels: false })))
    expect(evaluation.primarySet).toBe('cross-validation')
    expect(evaluation.verdict).toMatch(/^The ensemble (beats|does not beat) the best single model.* on cross-validation/u)
    expect(words).toContain('labels of the test clips are secret')
    expect(words).toContain('ensemble on cross-validation')
  })

  test('without the sounds there are no players', async () => {
    const run = await trainedRun(kaggleFiles())
    const { page } = await reported({ ...run, config: { ...run.config, data: join(run.path, 'gone') } })
    expect(readMarkup(page).tags.some(({ name }) => name === 'audio')).toBe(false)
  })

  test('one log-mel model, one fold, nothing chosen', async () => {
    const change = {
      folds: { count: 2, train: [1] },
      models: experiment.models.slice(0, 1),
      ensemble: { choose: 'fixed', members: experiment.ensemble.members.slice(0, 1) },
    }
    const { words } = await reported(await trainedRun(kaggleFiles(), change))
    expect(words).toContain('Only folds 1 of 2 were trained.')
    expect(words).toContain('The ensemble does not beat the best single model')
    expect(words).toContain('A alone scores the same.')
    expect(words).toContain('Nothing was chosen')
  })

  test('needs scores', async () => {
    const run = await trainedRun(kaggleFiles())
    await expect(reportStage(run, options)).rejects.toThrow(MissingError)
    await expect(reportStage(run, options)).rejects.toThrow(/dcase2019 evaluate --run/u)
  })
})
