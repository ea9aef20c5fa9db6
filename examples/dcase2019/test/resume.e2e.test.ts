import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runProgram, startProgram } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-resume-'))
const config = join(folder, 'config.json')
const prepared = join(folder, 'prepared')

const model = (name: string, more: object = {}) => ({
  paper: '1',
  name,
  width: 0.0625,
  slice: 32,
  batch: 8,
  cycles: 2,
  epochsPerCycle: 3,
  pads: [0],
  ...more,
})

/** One fold, six epochs with a checkpoint after each. */
const settings = {
  name: 'resume',
  about: 'test',
  seed: 7,
  folds: { count: 2, seed: 1, train: [0] },
  models: [
    model('A'),
    model('teacher', { consistency: { kind: 'mean-teacher', weight: 20, batch: 4 } }),
    model('mixmatch', { consistency: { kind: 'mixmatch', weight: 20, batch: 4 } }),
  ],
  ensemble: { choose: 'fixed', members: [{ model: 'A', weight: 1, cycles: null, pads: null }] },
  training: { checkpointEpochs: 1, validateEpochs: 1 },
}
const trainingOf = (name: string, run: string, ...more: string[]) => [
  'train',
  '--run',
  run,
  '--model',
  name,
  '--fold',
  '0',
  '--json',
  ...more,
]
const training = (run: string, ...more: string[]) => trainingOf('A', run, ...more)
const snapshots = (run: string, name = 'A') =>
  [1, 2].map((cycle) => readFileSync(join(run, `models/${name}-fold0/checkpoints/cycle-${cycle}.safetensors`)).toString('base64'))

async function succeeds(...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram(...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
}

function copyOfPrepared(name: string): string {
  const run = join(folder, name)
  cpSync(prepared, run, { recursive: true })
  return run
}

/** Starts training and sends `signal` once `epochs` epochs are done. */
async function interruptAfter(run: string, epochs: number, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL', name = 'A') {
  const { child, done } = startProgram(...trainingOf(name, run))
  let seen = 0
  let sent = false
  child.stdout!.on('data', (chunk: Buffer) => {
    seen += chunk.toString().split('"type":"epoch"').length - 1
    if (seen >= epochs && !sent) sent = child.kill(signal)
  })
  return done
}

let unbroken: string[]

beforeAll(async () => {
  writeFileSync(config, JSON.stringify(settings))
  const data = smallDataset(join(folder, 'data'), { curated: 32, noisy: 24, test: 4 })
  await succeeds('prepare', '--config', config, '--data', data, '--run', prepared, '--quiet')
  const run = copyOfPrepared('unbroken')
  await succeeds(...training(run))
  unbroken = snapshots(run)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a training that was stopped goes on to the same bits', () => {
  it('after kill -9', async () => {
    const run = copyOfPrepared('killed')
    expect(await interruptAfter(run, 2, 'SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
    await succeeds(...training(run))
    expect(snapshots(run)).toEqual(unbroken)
    const events = readFileSync(join(run, 'models/A-fold0/events.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; epoch: number })
    expect(events.filter(({ type }) => type === 'epoch').map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6])
  }, 60_000)

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'after %s, which leaves a checkpoint and exits %i',
    async (signal, exit) => {
      const run = copyOfPrepared(signal)
      const stopped = await interruptAfter(run, 3, signal)
      expect(stopped.stderr).toMatch(/Run the same command again to go on/u)
      expect(stopped).toMatchObject({ code: exit })
      expect(JSON.parse(readFileSync(join(run, 'models/A-fold0/run.json'), 'utf8'))).toMatchObject({ status: 'interrupted' })
      await succeeds(...training(run))
      expect(snapshots(run)).toEqual(unbroken)
    },
    60_000,
  )
})

const file = (run: string) => join(run, 'models/A-fold0/run.json')

describe('a training that goes on where another backend is', () => {
  interface Record {
    readonly status: string
    readonly backend: { name: string }
    readonly backends?: object[]
  }
  const record = (run: string) => JSON.parse(readFileSync(file(run), 'utf8')) as Record
  /** Stopped after two epochs; the record is made to say that cpu, too slow for a test, trained them. */
  const begunOnCpu = async (name: string) => {
    const run = copyOfPrepared(name)
    await interruptAfter(run, 2, 'SIGINT')
    expect(record(run)).toMatchObject({ status: 'interrupted', backend: { name: 'wasm' } })
    writeFileSync(file(run), JSON.stringify({ ...record(run), backend: { name: 'cpu', threads: 1, simd: 'none' } }))
    return run
  }

  it('auto takes the one that it began on, though a faster one is here', async () => {
    const run = await begunOnCpu('auto')
    const { child, done } = startProgram(...training(run, '--backend', 'auto'))
    await vi.waitUntil(() => record(run).status === 'running', { timeout: 200_000, interval: 100 })
    child.kill('SIGKILL')
    expect((await done).stdout).not.toContain('"type":"warning"')
    expect(record(run).backend.name).toBe('cpu')
    expect(record(run)).not.toHaveProperty('backends')
  }, 240_000)

  it('one that is named is taken, with a warning, and both are in run.json', async () => {
    const run = await begunOnCpu('named')
    const { code, stdout } = await runProgram(...training(run, '--backend', 'wasm'))
    expect(code).toBe(0)
    const warning = stdout.split('\n').find((line) => line.includes('"type":"warning"'))
    const step = Number(/from update (\d+) on wasm, begun on cpu/u.exec(warning ?? '')?.[1])
    expect(step).toBeGreaterThan(0)
    expect(record(run)).toMatchObject({
      status: 'done',
      backend: { name: 'wasm' },
      backends: [
        { name: 'cpu', fromStep: 0 },
        { name: 'wasm', fromStep: step },
      ],
    })
    await succeeds('predict', '--run', run, '--model', 'A', '--fold', '0', '--json', '--quiet', '--backend', 'wasm')
    expect(record(run)).toMatchObject({ predictions: { status: 'done', backends: ['wasm'] } })
  }, 240_000)

  it('one that is not here is refused with what it needs, and nothing is lost', async ({ skip }) => {
    const run = copyOfPrepared('absent')
    await interruptAfter(run, 2, 'SIGINT')
    const before = record(run)
    const absent = (
      JSON.parse((await runProgram('doctor', '--no-measure', '--json')).stdout) as { backends: { name: string; available: boolean }[] }
    ).backends.find(({ available }) => !available)
    if (absent === undefined) return skip('every backend is here')
    const { code, stderr } = await runProgram(...training(run, '--backend', absent.name))
    expect(code).toBe(3)
    expect(stderr).toMatch(new RegExp(`--backend ${absent.name} cannot be used here: .*It needs:\n {2}\\S`, 'u'))
    expect(record(run)).toEqual(before)
  }, 240_000)
})

describe('methods that make their own targets', () => {
  it.each(['teacher', 'mixmatch'])(
    '%s: goes on to the same bits after kill -9, and is another training than the one without',
    async (name) => {
      const whole = copyOfPrepared(`${name}-whole`)
      await succeeds(...trainingOf(name, whole))
      const run = copyOfPrepared(`${name}-killed`)
      expect(await interruptAfter(run, 4, 'SIGKILL', name)).toMatchObject({ signal: 'SIGKILL' })
      await succeeds(...trainingOf(name, run, '--workers', '0'))
      expect(snapshots(run, name)).toEqual(snapshots(whole, name))
      expect(snapshots(run, name)).not.toEqual(unbroken)
    },
    120_000,
  )
})

describe('what does not decide the bits', () => {
  it.each([
    ['no worker threads', ['--workers', '0']],
    ['three worker threads', ['--workers', '3']],
    ['one thread of the backend', ['--threads', '1']],
    ['two threads of the backend', ['--threads', '2']],
  ])(
    '%s',
    async (_, flags) => {
      const run = copyOfPrepared(flags.join(''))
      await succeeds(...training(run, ...flags))
      expect(snapshots(run)).toEqual(unbroken)
    },
    60_000,
  )
  it('activations recomputed after a kept beginning, in the same run', async () => {
    const run = copyOfPrepared('recompute')
    await interruptAfter(run, 3, 'SIGINT')
    const other = join(folder, 'recompute.json')
    writeFileSync(other, JSON.stringify({ ...settings, training: { ...settings.training, activations: 'recompute' } }))
    const { code, stdout, stderr } = await runProgram(...training(run, '--config', other))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const epochs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; epoch: number })
      .filter(({ type }) => type === 'epoch')
    expect(epochs[0].epoch).toBeGreaterThan(1)
    expect(JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'))).toMatchObject({ training: { activations: 'recompute' } })
    expect(snapshots(run)).toEqual(unbroken)
  }, 60_000)
})
