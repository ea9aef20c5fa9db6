import { decodeNpy } from '@audiotag/melspec'
import { lwlrap } from '@lwrap/metric'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evaluation } from '../src/stages/evaluate.js'
import { programFolder } from '../src/config/load-config.js'
import { runProgram, startProgram } from './run-program.js'
import type { Finished } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-run-'))
const run = join(folder, 'smoke')
let first: Finished

const csv = (text: string) =>
  text
    .trim()
    .split(/\r?\n/u)
    .map((line) => (line.match(/("[^"]*"|[^,]+)/gu) ?? []).map((cell) => cell.replaceAll('"', '')))
const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

beforeAll(async () => {
  first = await runProgram('run', '--config', 'smoke', '--run', run)
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the whole chain on the sounds that come along', () => {
  it('ends well, progress on stderr, scores side by side on stdout', () => {
    expect(first.stderr).toMatch(/✓ prepare: 720 clips of 10 classes/u)
    expect(first.code).toBe(0)
    expect(first.stdout).toMatch(/model A .*\nmodel B .*\nmodel C .*\nensemble /u)
    expect(first.stdout).toMatch(/The ensemble (beats|does not beat) the best single model/u)
    expect(first.stdout).toContain(join(run, 'submission.csv'))
    expect(first.stderr + first.stdout).not.toMatch(/NaN|undefined/u)
  })

  it('writes a submission whose lwlrap, computed here from the two CSV files, is the one reported', () => {
    const submission = csv(read(run, 'submission.csv'))
    const classes = submission[0].slice(1)
    const truthRows = new Map(
      csv(read(programFolder, 'data/minifsd-open/test.csv'))
        .slice(1)
        .map(([name, labels]) => [name, labels.split(',')]),
    )
    expect(
      submission
        .slice(1)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual([...truthRows.keys()].toSorted())
    const scores = submission.slice(1).flatMap((row) => row.slice(1).map(Number))
    const truth = submission.slice(1).flatMap(([name]) => classes.map((label) => Number(truthRows.get(name)!.includes(label))))
    const evaluation = JSON.parse(read(run, 'evaluation.json')) as Evaluation
    const reported = evaluation.systems.at(-1)!
    expect(reported.system).toBe('ensemble')
    expect(lwlrap(truth, scores, { classes: classes.length }).overall).toBeCloseTo(reported.test['All'].overall, 6)
    expect(reported.test['All'].perClass.map(({ label }) => label)).toEqual(classes)
    for (const { test } of evaluation.systems) {
      expect(test['All'].low).toBeLessThanOrEqual(test['All'].overall)
      expect(test['All'].high).toBeGreaterThanOrEqual(test['All'].overall)
    }
  })

  it('each training job is a run folder of its own', () => {
    for (const job of ['A-fold0', 'A-fold1', 'B-fold0', 'B-fold1', 'C-fold0', 'C-fold1']) {
      const files = readdirSync(join(run, 'models', job)).toSorted()
      expect(files).toEqual(['checkpoints', 'config.json', 'events.jsonl', 'metrics.csv', 'predictions', 'run.json'])
      const record = JSON.parse(read(run, 'models', job, 'run.json')) as { status: string; backend: { name: string } }
      expect(record.status).toBe('done')
      expect(record.backend.name).toBe('wasm')
    }
    expect(read(run, 'models/A-fold0/metrics.csv').split('\n')[0]).toBe(
      'epoch,step,learning_rate,loss_total,loss_curated,loss_noisy,clips_per_second,heldout_lwlrap',
    )
    expect(read(run, 'models/B-fold0/metrics.csv')).toContain('loss_ssl')
  })

  it('pseudo labels sum to 1 a clip, and the two folds’ differ: none comes from a model that is not the learner’s fold’s', () => {
    const [zero, one] = [0, 1].map((fold) => decodeNpy(readFileSync(join(run, 'pseudo-labels/B', `fold${fold}.npy`))))
    expect(zero.shape).toEqual([400, 10])
    for (let clip = 0; clip < 400; clip++) {
      let sum = 0
      for (let c = 0; c < 10; c++) sum += zero.data[clip * 10 + c]
      expect(sum).toBeCloseTo(1, 5)
    }
    expect([...zero.data]).not.toEqual([...one.data])
  })

  it('a second run says what is done and changes nothing', async () => {
    const before = read(run, 'submission.csv')
    const again = await runProgram('run', '--config', 'smoke', '--run', run)
    expect(again.code).toBe(0)
    expect(again.stderr).toMatch(/prepare already done/u)
    expect(again.stderr).toMatch(/train A already done/u)
    expect(again.stderr).toMatch(/ensemble already done/u)
    expect(read(run, 'submission.csv')).toBe(before)
  })

  it('killed in the middle with -9 and started again, it ends with the same submission', async () => {
    const killed = join(folder, 'killed')
    const { child, done } = startProgram('run', '--config', 'smoke', '--run', killed, '--json')
    child.stdout!.on('data', (chunk: Buffer) => {
      if (/"type":"epoch","model":"B"/u.test(chunk.toString())) child.kill('SIGKILL')
    })
    expect(await done).toMatchObject({ signal: 'SIGKILL' })
    expect(existsSync(join(killed, 'submission.csv'))).toBe(false)
    const again = await runProgram('run', '--config', 'smoke', '--run', killed)
    expect(again.stderr).toMatch(/train A already done/u)
    expect(again.code).toBe(0)
    expect(read(killed, 'submission.csv')).toBe(read(run, 'submission.csv'))
    expect(read(killed, 'ensemble/choice.json')).toBe(read(run, 'ensemble/choice.json'))
  }, 200_000)

  it('Ctrl-C stops the run and its processes with a checkpoint, exit 130', async () => {
    const stopped = join(folder, 'stopped')
    const { child, done } = startProgram('run', '--config', 'smoke', '--run', stopped, '--json')
    let sent = false
    child.stdout!.on('data', (chunk: Buffer) => {
      // Once: a second signal ends the program without a checkpoint.
      if (!sent && /"type":"epoch","model":"A"/u.test(chunk.toString())) sent = child.kill('SIGINT')
    })
    const { code, stderr } = await done
    expect(stderr).toMatch(/stopped by SIGINT. Run the same command again to go on/u)
    expect(code).toBe(130)
    expect(JSON.parse(read(stopped, 'run.json'))).toMatchObject({ stages: { 'train A': { status: 'interrupted' } } })
  }, 100_000)

  it('evaluate --json answers with one JSON document', async () => {
    const { code, stdout } = await runProgram('evaluate', '--run', run, '--json', '--quiet')
    expect(code).toBe(0)
    const last = stdout.trim().split('\n').at(-1)!
    expect((JSON.parse(last) as Evaluation).systems).toHaveLength(4)
  })

  it('refuses to mix settings in one folder', async () => {
    const { code, stderr } = await runProgram('run', '--config', 'smoke', '--preset', 'paper', '--run', run)
    expect(code).toBe(2)
    expect(stderr).toMatch(/made with other settings.*--fresh/u)
  })

  it('leaves a report', () => {
    expect(existsSync(join(run, 'report.html'))).toBe(true)
    const page = read(run, 'report.html')
    expect(page).toContain('1/16')
    expect(page).toContain('plain baseline')
    expect(page).toContain((JSON.parse(read(run, 'evaluation.json')) as Evaluation).verdict)
  })
})
