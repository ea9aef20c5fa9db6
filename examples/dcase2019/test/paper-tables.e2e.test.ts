import { decodeSafetensors } from '@audiotag/models'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configNames, loadConfig } from '../src/config/load-config.js'
import { parseScale, scaleConfig } from '../src/config/scale-config.js'
import type { PresetName } from '../src/config/schema.js'
import { openRun } from '../src/run/run-folder.js'
import type { RunFolder } from '../src/run/run-folder.js'
// The built program: its batch workers are files of dist/.
import { ensembleStage } from '../dist/stages/ensemble.js'
import { evaluateStage } from '../dist/stages/evaluate.js'
import { predictStage } from '../dist/stages/predict.js'
import { prepareStage } from '../dist/stages/prepare.js'
import { pseudoLabelStage } from '../dist/stages/pseudo-label.js'
import { trainStage } from '../dist/stages/train.js'
import { jobKey } from '../src/stages/job-files.js'
import { listConfigs } from '../src/stages/list-configs.js'
import { smallDataset } from './small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-tables-'))
const toy = parseScale('toy')
const options = {
  report: () => undefined,
  signal: new AbortController().signal,
  backend: 'wasm',
  threads: 1,
  jobs: 1,
  workers: 0,
  skipBad: false,
}
let data: string
let features: string

/** Folders of trainings by their key: rows that share a network train it once. */
const trained = new Map<string, string>()

beforeAll(async () => {
  data = smallDataset(join(folder, 'data'), { curated: 6, noisy: 4, test: 2 })
  const run = openRun(join(folder, 'prepared'), scaleConfig(loadConfig('submission1'), toy), { data })
  await prepareStage(run, options)
  features = run.features
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

/** Every stage of a config, each fold in this process. */
async function runWhole(name: string, preset: PresetName): Promise<RunFolder> {
  const run = openRun(join(folder, `${name}-${preset}`), scaleConfig(loadConfig(name, preset), toy), { data })
  cpSync(features, run.features, { recursive: true })
  for (const model of run.config.models) {
    if (model.ssl) await pseudoLabelStage(run, options, model.name)
    const predicted = [
      ...run.config.ensemble.members.map((member) => member.model),
      ...run.config.models.map(({ ssl }) => ssl?.labels.from),
    ]
    for (const fold of run.config.folds.train) {
      const key = jobKey(run, model.name, fold)
      const known = trained.get(key)
      if (known) cpSync(known, run.job(model.name, fold), { recursive: true })
      await trainStage(run, options, model.name, fold)
      if (predicted.includes(model.name)) await predictStage(run, options, model.name, fold)
      trained.set(key, run.job(model.name, fold))
    }
  }
  await ensembleStage(run, options)
  return run
}

async function expectWhole(name: string, preset: PresetName, predictions: number): Promise<void> {
  const run = await runWhole(name, preset)
  const stages = (
    JSON.parse(readFileSync(join(run.path, 'run.json'), 'utf8')) as { stages: Record<string, { status: string; note: string }> }
  ).stages
  expect(stages['ensemble'].status).toBe('done')
  if (run.config.ensemble.choose === 'fixed') expect(stages['ensemble'].note).toMatch(new RegExp(`^${predictions} predictions`, 'u'))
  const lines = readFileSync(run.submission, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(3)
  for (const line of lines.slice(1)) {
    const scores = line.split(',').slice(1).map(Number)
    expect(scores).toHaveLength(10)
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true)
  }
  const evaluation = await evaluateStage(run, options)
  const ensemble = evaluation.systems.at(-1)!
  expect(ensemble.system).toBe('ensemble')
  for (const { overall } of [ensemble.crossValidation, ensemble.test['All']]) expect(overall > 0 && overall <= 1).toBe(true)
}

const ofThePaper = listConfigs().filter(({ name }) => /^(?:model|submission|table)/u.test(name))

/** Names in a checkpoint of the pretraining of model #4, once that config has run. */
const pretrainedNames = (file: string) => {
  const bytes = readFileSync(join(folder, 'model4-default/models/4_0-fold1/checkpoints', file))
  return Object.keys(decodeSafetensors(bytes).tensors)
}

describe('every config of the paper runs on a toy scale, from training to scores', () => {
  it('there are six models, two submissions and the eleven rows of both tables', () => {
    expect(ofThePaper).toHaveLength(6 + 2 + 22)
    expect(configNames()).toEqual(listConfigs().map(({ name }) => name))
    for (const [table, rows] of [1, 2].map(
      (number) => [number, ofThePaper.flatMap(({ paper }) => (paper?.table === number ? [paper.row] : []))] as const,
    ))
      expect([table, rows]).toEqual([table, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]])
    const predictions = Object.fromEntries(ofThePaper.map(({ name, predictions: count }) => [name, count]))
    expect(predictions).toMatchObject({ submission1: 170, submission2: 95, 'table2-row10': 170, 'table2-row11': 95, 'table1-row4': 5 })
  })

  it.each(ofThePaper.map(({ name, predictions }) => [name, predictions] as const))(
    '%s',
    async (name, predictions) => {
      // Two folds instead of five.
      await expectWhole(name, 'default', (predictions * 2) / 5)
    },
    120_000,
  )

  it('a stage starts from weights alone: what its pretraining leaves for it holds nothing of the optimiser', () => {
    const stored = pretrainedNames('cycle-1.safetensors')
    expect(stored).toContain('last_linear1.0.weight')
    expect(stored.filter((name) => name.startsWith('optimizer/'))).toEqual([])
    expect(pretrainedNames('latest.safetensors').some((name) => name.startsWith('optimizer/'))).toBe(true)
  })

  it.each(['paper', 'referenceCode'] as const)(
    'submission 1 as %s',
    async (preset) => {
      await expectWhole('submission1', preset, 68)
      expect(existsSync(join(folder, `submission1-${preset}`, 'models', preset === 'paper' ? '4_0-fold1' : '6_0-fold1'))).toBe(true)
    },
    120_000,
  )
})

const settings = (row: number, model: string, preset: PresetName = 'default') =>
  loadConfig(`table1-row${row}`, preset).models.find(({ name }) => name === model)!

describe('what Table 1 is about', () => {
  it('rows 1 to 4 add one part each, over the same number of epochs', () => {
    const rows = [1, 2, 3, 4].map((row) => settings(row, '1'))
    expect(rows.map(({ losses }) => losses.noisy)).toEqual([null, null, null, 'bce'])
    expect(rows.map(({ augment }) => [augment.mixupP, augment.gainP, augment.frequencyMaskP])).toEqual([
      [0, 0, 0],
      ...[2, 3, 4].map(() => [undefined, undefined, undefined]),
    ])
    expect(rows.map(({ cycles }) => cycles)).toEqual([1, 1, 8, 8])
    for (const { cycles, epochsPerCycle } of rows) expect(cycles * epochsPerCycle).toBe(512)
  })

  it('rows 5 and 6 differ in whose labels they learn from, in every preset', () => {
    for (const preset of ['default', 'paper', 'referenceCode'] as const) {
      expect(settings(5, '2', preset).ssl!.labels.folds).toBe('same')
      expect(settings(6, '2', preset).ssl!.labels.folds).toBe('all')
      expect({ ...settings(5, '2', preset), ssl: null }).toEqual({ ...settings(6, '2', preset), ssl: null })
    }
  })

  it('a row is the last snapshot of its network on whole clips', () => {
    for (const [row, model, cycle] of [
      [4, '1', 8],
      [6, '2', 7],
      [7, '3', 6],
      [8, '4_0', 1],
      [9, '4', 3],
      [10, '5', 5],
      [11, '6', 10],
    ] as const)
      expect(loadConfig(`table1-row${row}`).ensemble.members).toEqual([{ model, weight: 1, cycles: [cycle], pads: [0] }])
  })
})

/** Of submission 1 as a row of Table 2. */
const pads = (preset: PresetName) => loadConfig('table2-row10', preset).ensemble.members.map((member) => member.pads)

const weights = (row: number, preset: PresetName) =>
  loadConfig(`table2-row${row}`, preset).ensemble.members.map(({ model, weight }) => [model, weight])

describe('paddings and weights of Table 2', () => {
  it('are those of §7, in the preset paper those of the table itself', () => {
    const waves = [8000, 32_000]
    expect(pads('default')).toEqual([[8, 64], [8, 64], [8, 64], [0, 32_000], waves, waves])
    expect(pads('paper')).toEqual([[8, 32], [8, 32], [8, 32], waves, waves, waves])
    expect(pads('referenceCode')).toEqual(pads('default'))
    expect(loadConfig('table2-row11', 'paper').ensemble.members.map((member) => member.pads)).toEqual([
      [8],
      [8],
      [8],
      [8000],
      [8000],
      [8000],
    ])
    expect(loadConfig('submission1', 'paper').ensemble.members[0].pads).toEqual([8, 64])
  })

  it('parts of a submission keep its weights', () => {
    expect(weights(8, 'default')).toEqual([
      ['1', 3],
      ['2', 4],
      ['3', 3],
    ])
    expect(weights(7, 'referenceCode')).toEqual([
      ['1', 4],
      ['3', 3],
    ])
    expect(weights(9, 'paper').map(([, weight]) => weight)).toEqual([1, 1, 1])
  })
})
