import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeNpy } from '@audiotag/melspec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evaluation } from '../src/stages/evaluate.js'
import { makeZip } from './data/make-zip.js'
import { runProgram } from './run-program.js'
import type { Finished } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-usage-'))
const config = join(folder, 'tiny.json')
const clips = { curated: 20, noisy: 12, test: 14 }

beforeAll(() =>
  writeFileSync(
    config,
    JSON.stringify({
      name: 'tiny',
      about: 'test',
      folds: { count: 2, seed: 1, train: [0, 1] },
      models: [{ paper: '1', name: 'A', width: 0.0625, slice: 32, batch: 8, cycles: 1, epochsPerCycle: 1, pads: [0, 8] }],
      ensemble: { choose: 'nested-cv', members: [{ model: 'A', weight: 1, cycles: null, pads: null }] },
    }),
  ),
)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const run = (data: string, at: string) => runProgram('run', '--config', config, '--data', data, '--run', at, '--workers', '0')
const evaluationOf = (at: string) => JSON.parse(read(at, 'evaluation.json')) as Evaluation

/** fname → labels of one of the shipped tables. */
function truthOf(csv: string): Map<string, string[]> {
  const rows = csv.trim().split('\n').slice(1)
  return new Map(
    rows.map((row) => [
      row.slice(0, row.indexOf(',')),
      row
        .slice(row.indexOf(',') + 1)
        .replaceAll('"', '')
        .split(','),
    ]),
  )
}

/** A submission as fname → scores; the classes of its header. */
function submissionOf(at: string): { classes: string[]; scores: Map<string, number[]> } {
  const [header, ...rows] = read(at, 'submission.csv')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  return { classes: header.slice(1), scores: new Map(rows.map(([name, ...values]) => [name, values.map(Number)])) }
}

/** lwlrap from its definition: the mean over all labels of all clips of the precision at the rank of the label. */
function lwlrapOf(
  names: readonly string[],
  truth: Map<string, string[]>,
  classes: readonly string[],
  scores: Map<string, number[]>,
): number {
  const precisions = names.flatMap((name) => {
    const labels = truth.get(name)!
    const values = scores.get(name)!
    const valueOf = (label: string) => values[classes.indexOf(label)]
    return labels.map(
      (label) =>
        labels.filter((other) => valueOf(other) >= valueOf(label)).length / values.filter((value) => value >= valueOf(label)).length,
    )
  })
  return precisions.reduce((sum, value) => sum + value, 0) / precisions.length
}

/** Of the test clip on row `i`. */
const usageOf = (i: number) => (i % 3 === 0 ? 'Public' : 'Private')

describe('FSDKaggle2019 as Zenodo ships it, the noisy part as a split zip', () => {
  const data = join(folder, 'zenodo')
  const at = join(folder, 'zenodo-run')
  let truth: Map<string, string[]>
  let done: Finished

  beforeAll(async () => {
    smallDataset(data, clips)
    truth = truthOf(read(data, 'test.csv'))
    const meta = join(data, 'FSDKaggle2019.meta')
    mkdirSync(meta)
    const table = (split: string, name: string, header: string, rest: (i: number) => string) => {
      const rows = read(data, `${split}.csv`).trim().split('\n').slice(1)
      writeFileSync(join(meta, name), `${header}\n${rows.map((row, i) => `${row},${rest(i)}\n`).join('')}`)
      rmSync(join(data, `${split}.csv`))
    }
    table('train_curated', 'train_curated_post_competition.csv', 'fname,labels,freesound_id,license', (i) => `${i},CC0`)
    table('train_noisy', 'train_noisy_post_competition.csv', 'fname,labels,flickr_video_URL,license', () => 'http://x/?a=1,"CC-BY, 2.0"')
    table('test', 'test_post_competition.csv', 'fname,labels,usage,freesound_id,license', (i) => `${usageOf(i)},${i},CC0`)
    const classes = read(data, 'sample_submission.csv').split('\n')[0].trim().split(',').slice(1)
    writeFileSync(join(meta, 'vocabulary.csv'), classes.map((name, i) => `${i},${name}\n`).join(''))
    rmSync(join(data, 'sample_submission.csv'))

    renameSync(join(data, 'train_curated'), join(data, 'FSDKaggle2019.audio_train_curated'))
    renameSync(join(data, 'test'), join(data, 'FSDKaggle2019.audio_test'))
    const stem = 'FSDKaggle2019.audio_train_noisy'
    const noisy = join(data, 'train_noisy')
    const sounds = readdirSync(noisy).map((name) => [`${stem}/${name}`, readFileSync(join(noisy, name))] as const)
    const parts = Object.entries(makeZip(stem, Object.fromEntries(sounds), 20_000))
    expect(parts.length).toBeGreaterThan(3)
    for (const [name, bytes] of parts) writeFileSync(join(data, name), bytes)
    rmSync(noisy, { recursive: true })
    done = await run(data, at)
  }, 60_000)

  it('runs to the end', () => {
    expect(done.stderr).toMatch(/✓ prepare: 46 clips of 10 classes \(zenodo layout\)/u)
    expect(done.code).toBe(0)
  })

  it('All, Public and Private are scored apart, each as lwlrap of the submission’s rows, computed here', () => {
    const { classes, scores } = submissionOf(at)
    const names = [...truth.keys()]
    expect([...scores.keys()]).toEqual(names)
    const { systems, primarySet } = evaluationOf(at)
    const { test } = systems.find(({ system }) => system === 'ensemble')!
    const parts = {
      All: names,
      Public: names.filter((_, i) => usageOf(i) === 'Public'),
      Private: names.filter((_, i) => usageOf(i) === 'Private'),
    }
    expect(Object.keys(test)).toEqual(Object.keys(parts))
    expect(primarySet).toBe('test')
    for (const [part, members] of Object.entries(parts)) {
      expect(test[part].clips).toBe(members.length)
      expect(test[part].overall).toBeCloseTo(lwlrapOf(members, truth, classes, scores), 6)
    }
    expect(parts.Public.length).not.toBe(parts.Private.length)
    expect(new Set(Object.values(test).map(({ overall }) => overall)).size).toBe(3)
  })

  it('the terminal and the report show the three of them', () => {
    const { test } = evaluationOf(at).systems.at(-1)!
    for (const part of ['All', 'Public', 'Private']) expect(done.stdout).toContain(test[part].overall.toFixed(3))
    expect(done.stdout).toMatch(/Public/u)
    expect(done.stdout).toMatch(/Private/u)
    const report = read(at, 'report.html')
    for (const part of ['Public', 'Private']) expect(report).toMatch(new RegExp(part, 'iu'))
    expect(report).not.toMatch(/are secret/u)
  })
})

describe('FSDKaggle2019 as Kaggle ships it, without test labels', () => {
  const data = join(folder, 'kaggle')
  const at = join(folder, 'kaggle-run')
  let truth: Map<string, string[]>
  let testNames: string[]
  let done: Finished

  beforeAll(async () => {
    smallDataset(data, clips)
    truth = truthOf(read(data, 'train_curated.csv'))
    testNames = [...truthOf(read(data, 'test.csv')).keys()]
    rmSync(join(data, 'test.csv'))
    done = await run(data, at)
  }, 60_000)

  it('scores are of cross-validation only, as lwlrap of the held-out scores, computed here', () => {
    expect(done.stderr).toMatch(/\(kaggle layout\)/u)
    expect(done.code).toBe(0)
    const { systems, primarySet } = evaluationOf(at)
    expect(primarySet).toBe('cross-validation')
    expect(systems.map(({ system, test }) => [system, test])).toEqual([
      ['A', {}],
      ['ensemble', {}],
    ])
    const { classes } = submissionOf(at)
    const { data: matrix, shape } = decodeNpy(readFileSync(join(at, 'ensemble/ensemble-heldout.npy')))
    expect(shape).toEqual([clips.curated, classes.length])
    const names = [...truth.keys()]
    const rows = new Map(
      names.map((name, row) => [name, [...matrix.subarray(row * classes.length, (row + 1) * classes.length)].map(Number)]),
    )
    expect(systems[1].crossValidation).toMatchObject({ clips: clips.curated })
    expect(systems[1].crossValidation.overall).toBeCloseTo(lwlrapOf(names, truth, classes, rows), 6)
    expect(done.stdout.split('\n').find((line) => line.startsWith('lwlrap'))).toMatch(/^lwlrap +cross-validation$/u)
  })

  it('the submission is written: the rows and columns of the sample, probabilities in it', () => {
    const { classes, scores } = submissionOf(at)
    expect(classes).toEqual(read(data, 'sample_submission.csv').split('\n')[0].trim().split(',').slice(1))
    expect([...scores.keys()].toSorted()).toEqual(testNames.toSorted())
    expect([...scores.values()].flat().every((value) => value > 0 && value < 1)).toBe(true)
    expect(done.stdout).toContain(join(at, 'submission.csv'))
  })

  it('terminal and report say that the test labels are secret', () => {
    expect(done.stderr).toMatch(/✓ evaluate: ensemble \d\.\d{3} in cross-validation \(test labels are secret\)/u)
    expect(read(at, 'report.html')).toMatch(/The labels of the test clips are secret/u)
  })
})
