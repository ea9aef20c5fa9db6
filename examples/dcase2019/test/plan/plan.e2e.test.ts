import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeNpy } from '@audiotag/melspec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { planOf } from '../../src/stages/plan.js'
import type { Plan } from '../../src/stages/plan.js'
import { runProgram } from '../run-program.js'
import { smallDataset } from '../small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-plan-'))
const path = join(folder, 'toy.json')
const at = join(folder, 'run')
const narrow = { width: 0.0625, cycles: 1, epochsPerCycle: 1, slice: 32, batch: 8, initFrom: null }
let plan: Plan

beforeAll(async () => {
  const data = smallDataset(join(folder, 'data'), { curated: 21, noisy: 15, test: 14 })
  writeFileSync(
    path,
    JSON.stringify({
      name: 'toy',
      about: 'test',
      data,
      folds: { count: 3, seed: 1, train: [0, 2] },
      models: [
        { ...narrow, paper: '1', name: 'A', cycles: 2, epochsPerCycle: 2, pads: [0, 8] },
        { ...narrow, paper: '2', name: 'B', initFrom: 'A', batch: 5, ssl: { batch: 4, labels: { from: 'A' } }, pads: [2] },
        { ...narrow, paper: '4', name: 'C', slice: 20_800, batch: 4, pads: [0] },
        { ...narrow, paper: '1', name: 'D', consistency: { kind: 'mean-teacher', weight: 1, batch: 4 }, losses: { noisy: null } },
      ],
      ensemble: {
        choose: 'fixed',
        members: [
          { model: 'A', weight: 1, cycles: [2], pads: null },
          { model: 'B', weight: 1, cycles: null, pads: null },
          { model: 'C', weight: 1, cycles: null, pads: null },
        ],
      },
      training: { checkpointEpochs: 1, validateEpochs: 1, keepLastBatch: true },
    }),
  )
  plan = await planOf(loadConfig(path), { jobs: 2, threads: 1, measure: false })
  const { code, stderr } = await runProgram('run', '--config', path, '--run', at, '--workers', '0')
  expect(stderr).not.toMatch(/error/u)
  expect(code).toBe(0)
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Files of the run folder below a path, with their sizes. */
const files = (...parts: string[]): { name: string; bytes: number }[] =>
  readdirSync(join(at, ...parts), { recursive: true, encoding: 'utf8' })
    .map((name) => ({ name, stat: statSync(join(at, ...parts, name)) }))
    .filter(({ stat }) => stat.isFile())
    .map(({ name, stat }) => ({ name, bytes: stat.size }))
const total = (listed: readonly { bytes: number }[]): number => listed.reduce((sum, { bytes }) => sum + bytes, 0)
const job = (model: string, fold: number) =>
  JSON.parse(readFileSync(join(at, 'models', `${model}-fold${fold}`, 'run.json'), 'utf8')) as { steps: number }

describe('a plan says what the run then does', () => {
  it('updates of every model and fold', () => {
    for (const { name, folds, stepsPerFold, steps } of plan.models) {
      expect(stepsPerFold).toEqual(folds.map((fold) => job(name, fold).steps))
      const last = (fold: number) =>
        readFileSync(join(at, 'models', `${name}-fold${fold}`, 'events.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { type: string; step: number })
          .filter(({ type }) => type === 'snapshot')
          .at(-1)!.step
      expect(folds.map(last)).toEqual(stepsPerFold)
      expect(steps).toBe(stepsPerFold.reduce((sum, n) => sum + n, 0))
    }
    expect(plan.models.map(({ name }) => name)).toEqual(['A', 'B', 'C', 'D'])
    expect(plan.models[0].stepsPerFold).toEqual([8, 8]) // 14 clips in batches of 8, 4 epochs
  })

  it('predictions: files, and the clips in them', () => {
    for (const { name, folds, predictions, clipsPredicted } of plan.models) {
      const made = folds.flatMap((fold) => {
        const within = ['models', `${name}-fold${fold}`] as const
        if (!readdirSync(join(at, ...within)).includes('predictions')) return []
        return files(...within, 'predictions').map((file) => join(at, ...within, 'predictions', file.name))
      })
      expect(made.filter((file) => file.endsWith('-test.npy'))).toHaveLength(predictions)
      expect(made.reduce((sum, file) => sum + decodeNpy(readFileSync(file)).shape[0], 0)).toBe(clipsPredicted)
    }
    expect(plan.predictions).toBe(12)
    expect(plan.averaged).toBe(8)
    expect(readFileSync(join(at, 'run.json'), 'utf8')).toContain('8 predictions, weights A 1, B 1, C 1')
  })

  it('clips that validations predict', () => {
    const validations = plan.models.map(({ name, folds }) =>
      folds.reduce((sum, fold) => {
        const lines = readFileSync(join(at, 'models', `${name}-fold${fold}`, 'events.jsonl'), 'utf8')
        return sum + 7 * lines.split('"type":"validation"').length - 7
      }, 0),
    )
    expect(plan.models.map(({ clipsValidated }) => clipsValidated)).toEqual(validations)
  })

  it('bytes on disk', () => {
    const { logmel, waveform, snapshots, checkpoints, predictions, pseudoLabels, total: all } = plan.diskBytes
    const features = files('features')
    const models = files('models')
    const near = (planned: number, real: readonly { bytes: number }[]) => expect(Math.abs(planned / total(real) - 1)).toBeLessThan(0.03)
    near(
      logmel,
      features.filter(({ name }) => name.endsWith('.mel.npy')),
    )
    near(
      waveform,
      features.filter(({ name }) => name.endsWith('.waveform.npy')),
    )
    near(
      snapshots,
      models.filter(({ name }) => /cycle-\d+\.safetensors$/u.test(name)),
    )
    near(
      checkpoints,
      models.filter(({ name }) => name.endsWith('latest.safetensors')),
    )
    expect(predictions).toBe(total(models.filter(({ name }) => name.endsWith('.npy'))))
    expect(pseudoLabels).toBe(total(files('pseudo-labels')))
    expect(all).toBeLessThanOrEqual(total(files('.')) * 1.03)
    // What is left out is small even in a toy.
    expect(total(files('.')) / all).toBeLessThan(1.2)
  })
})
