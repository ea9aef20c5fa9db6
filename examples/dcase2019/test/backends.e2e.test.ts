import { decodeNpy } from '@audiotag/melspec'
import { backendReport } from '@audiotag/backend'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evaluation } from '../src/stages/evaluate.js'
import { runProgram } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const here = (await backendReport()).backends.filter(({ available }) => available).map(({ name }) => name)
process.stdout.write(`the chain on ${here.filter((name) => name !== 'cpu').join(', ')}; predictions on ${here.join(', ')}\n`)

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-backends-'))
const config = join(folder, 'config.json')
const prepared = join(folder, 'prepared')
const reference = join(folder, 'wasm')
const narrow = { width: 0.0625, cycles: 1, epochsPerCycle: 1, batch: 4, pads: [0], initFrom: null }
/** What TensorFlow writes when it is loaded, and no setting of its own keeps back. */
const tensorFlowSays = /^(WARNING: All log messages before absl|I\d{4} .*port\.cc).*\n/gmu
const run = (at: string, backend: string, ...more: string[]) =>
  runProgram('run', '--run', at, '--workers', '0', '--jobs', '1', '--backend', backend, ...more)

/** Both architectures, and the streams of all three losses. */
const settings = {
  name: 'backends',
  about: 'test',
  folds: { count: 2, seed: 1, train: [0] },
  models: [
    { ...narrow, paper: '1', name: 'A', slice: 32 },
    { ...narrow, paper: '2', name: 'B', slice: 32, initFrom: 'A', ssl: { batch: 4, labels: { from: 'A' } } },
    { ...narrow, paper: '4', name: 'C', slice: 20_800 },
  ],
  ensemble: { choose: 'fixed', members: ['A', 'B', 'C'].map((model) => ({ model, weight: 1, cycles: null, pads: null })) },
}

beforeAll(async () => {
  writeFileSync(config, JSON.stringify(settings))
  const data = smallDataset(join(folder, 'data'), { curated: 16, noisy: 8, test: 4 })
  const { code, stderr } = await runProgram('prepare', '--config', config, '--data', data, '--run', prepared, '--quiet')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  cpSync(prepared, reference, { recursive: true })
  expect(await run(reference, 'wasm')).toMatchObject({ code: 0 })
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

const scoresOf = (at: string, model: string) =>
  decodeNpy(readFileSync(join(at, `models/${model}-fold0/predictions/cycle-1-pad-0-test.npy`)))
const losses = (at: string, model: string) =>
  readFileSync(join(at, `models/${model}-fold0/events.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; losses: { total: number } })
    .filter(({ type }) => type === 'epoch')
    .map(({ losses: { total } }) => total)

// cpu takes minutes to train what others train in a second.
const trains = [...here.filter((name) => name !== 'cpu'), ...(here.includes('node') ? ['node:bfloat16'] : [])]
describe.each(trains)('the chain on %s', (name) => {
  it('runs to the end, says so in every record, and begins with the losses of wasm', async () => {
    const at = join(folder, `chain-${name}`)
    cpSync(prepared, at, { recursive: true })
    const { code, stderr } = await run(at, name)
    expect(stderr).not.toMatch(/error/iu)
    expect(code).toBe(0)
    for (const model of ['A', 'B', 'C']) {
      const record = JSON.parse(readFileSync(join(at, `models/${model}-fold0/run.json`), 'utf8')) as object
      expect(record).toMatchObject({ status: 'done', backend: { name }, predictions: { status: 'done', backends: [name] } })
      // Same weights, batches and dropout; two or more updates with Adam, which makes a rounded sign of a small gradient a whole step: hence 1 in 100, and 5 with 8 bits.
      const [ours, theirs] = [losses(at, model), losses(reference, model)]
      expect(ours).toHaveLength(theirs.length)
      for (const [epoch, loss] of ours.entries())
        expect(Math.abs(loss / theirs[epoch] - 1)).toBeLessThan(name.endsWith('bfloat16') ? 0.05 : 0.01)
    }
    const { systems } = JSON.parse(readFileSync(join(at, 'evaluation.json'), 'utf8')) as Evaluation
    expect(systems.map(({ system }) => system)).toEqual(['A', 'B', 'C', 'ensemble'])
    for (const { test } of systems) expect(test['All'].overall).toBeGreaterThan(0)
  }, 300_000)
})

describe.each(here)('predictions of one and the same snapshot on %s', (name) => {
  it.each(['A', 'C'])(
    'model %s: those of wasm',
    async (model) => {
      const at = join(folder, `predict-${name}-${model}`)
      cpSync(reference, at, { recursive: true })
      rmSync(join(at, `models/${model}-fold0/predictions`), { recursive: true })
      const { code, stderr } = await runProgram('predict', '--run', at, '--model', model, '--fold', '0', '--quiet', '--backend', name)
      expect({ code, stderr: stderr.replaceAll(tensorFlowSays, '') }).toEqual({ code: 0, stderr: '' })
      const [ours, theirs] = [scoresOf(at, model), scoresOf(reference, model)]
      expect(ours.shape).toEqual(theirs.shape)
      // float32 sums in another order, through 34 layers
      for (const [index, score] of ours.data.entries()) expect(Math.abs(score - theirs.data[index])).toBeLessThan(1e-4)
    },
    300_000,
  )
})
