import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// The built program: its trainings are processes of it.
import { ablate } from '../dist/stages/ablate.js'
import { ablationRows } from '../src/config/ablation.js'
import type { Config } from '../src/config/schema.js'
import type { ProgramEvent } from '../src/run/events.js'
import { runProgram } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-ablate-'))
const archive = join(folder, 'small.tar')
const at = join(folder, 'ablation')

/** Every network and row, one update a cycle each. */
const toy = (config: Config): Config => ({
  ...config,
  folds: { count: 2, seed: 42, train: [0] },
  models: config.models.map((model) => ({
    ...model,
    width: 1 / 16,
    epochsPerCycle: 1,
    batch: 4,
    slice: model.input === 'logmel' ? 32 : 20_600,
    ssl: model.ssl && { ...model.ssl, batch: 4 },
    consistency: model.consistency && { ...model.consistency, batch: 4 },
  })),
})

async function run(more: { seeds?: number[]; onlySeeds?: number[]; onlyRows?: string[] } = {}) {
  const events: ProgramEvent[] = []
  const result = await ablate(
    { data: archive, folder: at, seeds: [2], onlySeeds: [], onlyRows: [], ...more, change: toy },
    {
      report: (event: ProgramEvent) => events.push(event),
      signal: new AbortController().signal,
      backend: 'wasm',
      threads: 1,
      jobs: 2,
      workers: 0,
      skipBad: false,
    },
  )
  return { result, events }
}

beforeAll(async () => {
  const data = smallDataset(join(folder, 'data'), { curated: 8, noisy: 8, test: 5 })
  mkdirSync(join(data, 'meta'))
  const noisy = readFileSync(join(data, 'train_noisy.csv'), 'utf8')
  writeFileSync(join(data, 'meta/noisy.csv'), noisy.replace('fname,labels', 'fname,true_labels'))
  await create({ file: archive, cwd: folder }, ['data'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('ablate', () => {
  it('a part of it trains what its rows need and scores nothing', async () => {
    const { result, events } = await run({ seeds: [1, 2], onlySeeds: [2], onlyRows: ['mean-teacher'] })
    expect(result).toMatchObject({ files: null, scores: null })
    expect(result.missing).toBeGreaterThan(30)
    const stages = events.flatMap((event) => (event.type === 'stage' && event.state === 'done' ? [event.stage] : []))
    expect(stages).toEqual(['prepare', 'train multitask', 'predict multitask', 'train mean-teacher', 'predict mean-teacher'])
    expect(existsSync(join(at, 'seed-1/models'))).toBe(false)
  }, 120_000)

  it('the whole of it does the rest, scores every row, and a second time nothing', async () => {
    const before = statSync(join(at, 'seed-2/models/mean-teacher-fold0/checkpoints/cycle-1.safetensors')).mtimeMs
    const { result } = await run()
    expect(result.missing).toBe(0)
    expect(statSync(join(at, 'seed-2/models/mean-teacher-fold0/checkpoints/cycle-1.safetensors')).mtimeMs).toBe(before)
    const scores = result.scores!
    expect(scores.rows.map(({ row }) => row.id)).toEqual(ablationRows.map(({ id }) => id))
    expect(scores.clips).toEqual({ crossValidation: 4, test: 5 })
    for (const { row, test, crossValidation, testDifference } of scores.rows) {
      for (const score of [...test, ...crossValidation]) expect(score > 0 && score <= 1).toBe(true)
      const against = scores.rows.find((each) => each.row.id === row.against)
      const differences = against && test.map((score, i) => score - against.test[i])
      expect(testDifference === null).toBe(row.against === null)
      testDifference?.bySeed.forEach((difference, i) => expect(difference).toBeCloseTo(differences![i], 10))
    }
    // Here the labels of the noisy clips are said to be true.
    expect(scores.labelQuality).toMatchObject({ clips: 8, given: 1 })
    expect(Object.keys(scores.labelQuality!.pseudo)).toContain('ssl-all-folds')
    expect(scores.cost).toMatchObject({ trainings: 22 })
    for (const file of Object.values(result.files!)) expect(readFileSync(file, 'utf8').length).toBeGreaterThan(100)
    expect(JSON.parse(readFileSync(result.files!.json, 'utf8'))).toEqual(JSON.parse(JSON.stringify(scores)))

    const again = await run()
    expect(again.result).toEqual(result)
    expect(again.events.filter((event) => event.type === 'stage' && event.state === 'started')).toEqual([])
  }, 300_000)
})

describe('its errors', () => {
  it.each([
    ['an unknown row', ['--only-rows', 'multitsak'], 2, /unknown row 'multitsak' \(did you mean 'multitask'\?\)/u],
    ['a seed that is not of the table', ['--only-seeds', '9'], 2, /--only-seeds must be among --seeds \(1, 2, 3\), got 9/u],
    ['no seeds', ['--seeds', ','], 2, /--seeds must name at least one seed/u],
    ['a seed that is no number', ['--seeds', '1,x'], 2, /must be an integer of at least 0/u],
  ])('%s', async (_, flags, code, message) => {
    const finished = await runProgram('ablate', archive, '--run', join(folder, 'errors'), ...flags)
    expect(finished.stderr).toMatch(message)
    expect(finished.code).toBe(code)
  })

  it('no data set, and an archive without one', async () => {
    const none = await runProgram('ablate', join(folder, 'none.tar'), '--run', join(folder, 'errors'))
    expect(none).toMatchObject({ code: 3 })
    expect(none.stderr).toMatch(/none\.tar is not there/u)
    const other = join(folder, 'other.tar')
    writeFileSync(join(folder, 'note.txt'), 'no sounds')
    await create({ file: other, cwd: folder }, ['note.txt'])
    const empty = await runProgram('ablate', other, '--run', join(folder, 'empty'))
    expect(empty).toMatchObject({ code: 3 })
    expect(empty.stderr).toMatch(/other\.tar holds no train_curated\.csv/u)
    writeFileSync(join(folder, 'broken.tar'), 'no archive at all')
    const broken = await runProgram('ablate', join(folder, 'broken.tar'), '--run', join(folder, 'broken'))
    expect(broken.code).not.toBe(0)
    expect(broken.stderr).toMatch(/broken\.tar/u)
  })
})
