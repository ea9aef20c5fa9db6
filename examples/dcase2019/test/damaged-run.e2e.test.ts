import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeNpy, encodeNpy } from '@audiotag/melspec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kaggleFiles, writeFiles } from './data/make-dataset.js'
import { runProgram, withBackend } from './run-program.js'
import type { Finished } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-damaged-'))
const config = join(folder, 'tiny.json')
const data = join(folder, 'data')
const whole = join(folder, 'whole')

const job = 'models/A-fold0'
const snapshot = (cycle: number) => `${job}/checkpoints/cycle-${cycle}.safetensors`
const latest = `${job}/checkpoints/latest.safetensors`
const prediction = `${job}/predictions/cycle-2-pad-0-test.npy`

/** The whole chain on the run folder as it is, or one stage of it. */
const run = (at: string) => runProgram('run', '--config', config, '--data', data, '--run', at, '--workers', '0', '--quiet')
const training = (at: string) => ['train', '--run', at, '--model', 'A', '--fold', '0', '--workers', '0', '--quiet']
const train = (at: string) => runProgram(...training(at))
const bits = (at: string, file: string) => readFileSync(join(at, file)).toString('base64')

let copies = 0
/** A copy of the finished run without some files. */
function copyWithout(...gone: string[]): string {
  const at = join(folder, `copy-${copies++}`)
  cpSync(whole, at, { recursive: true })
  for (const file of gone) rmSync(join(at, file), { recursive: true })
  return at
}

/** Takes the command that the message tells to run, and runs it. */
async function followAdvice({ stderr }: Finished): Promise<Finished> {
  const command = /then run: dcase2019 (.*)$/mu.exec(stderr)?.[1]
  expect(command).toBeDefined()
  return runProgram(...command!.split(' '), '--quiet')
}

beforeAll(async () => {
  writeFiles(data, kaggleFiles())
  writeFileSync(
    config,
    JSON.stringify({
      name: 'tiny',
      about: 'test',
      folds: { count: 2, seed: 1, train: [0] },
      models: [{ paper: '1', name: 'A', width: 0.0625, slice: 32, batch: 2, cycles: 2, epochsPerCycle: 1, pads: [0] }],
      ensemble: { choose: 'fixed', members: [{ model: 'A', weight: 1, cycles: null, pads: null }] },
      training: { checkpointEpochs: 1, validateEpochs: 1 },
    }),
  )
  expect(await run(whole)).toMatchObject({ code: 0, stderr: '' })
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.concurrent('a file of the run that is damaged is named, with the way out', { timeout: 60_000 }, () => {
  it.each([
    ['no JSON', '{ "name": "ti', /config\.json is not JSON: .*Remove it, or start over with --fresh/u],
    ['no config', '{}', /config\.json is no config of this version:\n(.|\n)*Remove it, or start over with --fresh/u],
  ])('config.json that is %s', async (_, text, message) => {
    const at = copyWithout()
    writeFileSync(join(at, 'config.json'), text)
    const { code, stdout, stderr } = await run(at)
    expect(stderr).toMatch(message)
    expect(stderr).toContain(at)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  it('config.json: both ways out lead on', async () => {
    const at = copyWithout()
    writeFileSync(join(at, 'config.json'), '{')
    const fresh = ['prepare', '--config', config, '--data', data, '--run', at, '--workers', '0', '--quiet']
    expect(await runProgram(...fresh, '--fresh')).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(at, 'models'))).toBe(false)
    const other = copyWithout('config.json')
    expect(await run(other)).toMatchObject({ code: 0, stderr: '' })
    expect(bits(other, 'submission.csv')).toBe(bits(whole, 'submission.csv'))
  })

  it('a checkpoint cut short', async () => {
    const at = copyWithout(snapshot(2))
    truncateSync(join(at, latest), 5000)
    const failed = await train(at)
    expect(failed.stderr).toMatch(/latest\.safetensors is damaged: .* Remove it, then run: dcase2019 train .*--model A --fold 0$/mu)
    expect(failed.code).toBe(1)
    rmSync(join(at, latest))
    expect(await followAdvice(failed)).toMatchObject({ code: 0, stderr: '' })
    for (const file of [snapshot(1), snapshot(2), latest]) expect(bits(at, file)).toBe(bits(whole, file))
  })

  it('a snapshot cut short', async () => {
    const at = copyWithout(`${job}/predictions`)
    truncateSync(join(at, snapshot(1)), 5000)
    const failed = await run(at)
    expect(failed.stderr).toMatch(/predict A, fold 0 failed .*cycle-1\.safetensors is damaged: .*then run: dcase2019 train/u)
    expect(failed.code).toBe(1)
    rmSync(join(at, snapshot(1)))
    expect(await followAdvice(failed)).toMatchObject({ code: 0, stderr: '' })
    expect(bits(at, snapshot(1))).toBe(bits(whole, snapshot(1)))
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    expect(bits(at, prediction)).toBe(bits(whole, prediction))
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ['cut short', (bytes) => bytes.subarray(0, 150), /damaged: decodeNpy: /u],
    [
      'of another number of clips',
      () => encodeNpy({ data: new Float32Array(9), shape: [3, 3] }),
      /expected float32 \[4, 3\], got Float32Array \[3, 3\]/u,
    ],
    ['of another type', () => encodeNpy({ data: new Float64Array(12), shape: [4, 3] }), /expected float32 \[4, 3\], got Float64Array/u],
  ])('predictions %s', async (_, change, message) => {
    const at = copyWithout('submission.csv')
    writeFileSync(join(at, prediction), change(readFileSync(join(at, prediction))))
    const failed = await run(at)
    expect(failed.stderr).toMatch(message)
    expect(failed.stderr).toContain(join(at, prediction))
    expect(failed.code).toBe(1)
    expect(existsSync(join(at, 'submission.csv'))).toBe(false)
    rmSync(join(at, prediction))
    expect(await followAdvice(failed)).toMatchObject({ code: 0, stderr: '' })
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    for (const file of [prediction, 'submission.csv']) expect(bits(at, file)).toBe(bits(whole, file))
  })

  it('scores of the ensemble cut short', async () => {
    const at = copyWithout('evaluation.json')
    truncateSync(join(at, 'ensemble/A-test.npy'), 150)
    const failed = await run(at)
    expect(failed.stderr).toMatch(/ensemble\/A-test\.npy is damaged: .*then run: dcase2019 ensemble/u)
    expect(failed.code).toBe(1)
    rmSync(join(at, 'ensemble/A-test.npy'))
    expect(await followAdvice(failed)).toMatchObject({ code: 0, stderr: '' })
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    expect(bits(at, 'evaluation.json')).toBe(bits(whole, 'evaluation.json'))
  })

  it('features cut short: training says so, the whole chain makes them again', async () => {
    const at = copyWithout(snapshot(2))
    const [shard] = readdirSync(join(at, 'features')).filter((name) => name.startsWith('curated') && name.endsWith('.mel.npy'))
    truncateSync(join(at, 'features', shard), 4000)
    const failed = await train(at)
    expect(failed.stderr).toMatch(/curated-0000\.mel\.npy: has 4000 bytes, expected \d+\. Run `dcase2019 prepare` again/u)
    expect(failed.code).toBe(1)
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    for (const file of [`features/${shard}`, snapshot(2)]) expect(bits(at, file)).toBe(bits(whole, file))
  })

  it('what is missing is made again by the same command, to the same bits', async () => {
    const at = copyWithout(snapshot(1), prediction, 'ensemble/ensemble-heldout.npy')
    expect(await run(at)).toMatchObject({ code: 0, stderr: '' })
    for (const file of [snapshot(1), snapshot(2), prediction, 'ensemble/ensemble-heldout.npy', 'submission.csv'])
      expect(bits(at, file)).toBe(bits(whole, file))
  })
})

it('a data set that has moved: --data says where it is now, and nothing runs again', async () => {
  const at = copyWithout()
  const moved = join(folder, 'moved')
  cpSync(data, moved, { recursive: true })
  const again = await runProgram('run', '--run', at, '--data', moved, '--workers', '0')
  expect(again.code).toBe(0)
  expect(again.stderr).toMatch(/✓ prepare(.|\n)*= train A already done(.|\n)*= ensemble already done/u)
  expect(JSON.parse(readFileSync(join(at, 'config.json'), 'utf8'))).toMatchObject({ data: moved })
}, 30_000)

/** Every file above `blocks` × 512 bytes fails as on a full disk, for root too. */
function withFileLimit(blocks: number, args: readonly string[]): Promise<Finished> {
  const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const command = `ulimit -f ${blocks}; exec "$0" "$@"`
  const child = spawn('/bin/sh', ['-c', command, process.execPath, program, ...withBackend(args)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

const trained = (at: string) => ['latest', 'cycle-1', 'cycle-2'].map((name) => bits(at, `${job}/checkpoints/${name}.safetensors`))

describe.concurrent('a place that cannot be written', { timeout: 60_000 }, () => {
  it('a run folder below a file is an error that names it, exit 1', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, 'the only copy')
    for (const at of [join(file, 'run'), file]) {
      const { code, stdout, stderr } = await run(at)
      expect(stderr).toMatch(/^error: cannot write .*file\/.*Choose another --run/u)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    }
    expect(readFileSync(file, 'utf8')).toBe('the only copy')
  })

  it.runIf(process.platform !== 'win32')(
    'training that cannot write goes on later, from a checkpoint that is as it was, to the same bits',
    async () => {
      const at = copyWithout('models', 'ensemble')
      // A folder in the way of the second snapshot: the checkpoint of the first cycle is written by then.
      mkdirSync(join(at, snapshot(2)), { recursive: true })
      const blocked = await train(at)
      expect(blocked.stderr).toMatch(/^error: cannot write .*cycle-2\.safetensors: .*What was there before is unchanged/u)
      expect(blocked.code).toBe(1)
      const kept = bits(at, latest)
      expect(JSON.parse(readFileSync(join(at, job, 'run.json'), 'utf8'))).toMatchObject({ status: 'failed' })

      rmSync(join(at, snapshot(2)), { recursive: true })
      for (const blocks of [60, 0]) {
        const full = await withFileLimit(blocks, training(at))
        expect(full.stderr).toMatch(/^error: cannot write .*: EFBIG.*What was there before is unchanged/u)
        expect(full).toMatchObject({ code: 1, stdout: '' })
        expect(bits(at, latest)).toBe(kept)
        expect(bits(at, snapshot(1))).toBe(bits(whole, snapshot(1)))
        expect(existsSync(join(at, snapshot(2)))).toBe(false)
        expect(readdirSync(join(at, job, 'checkpoints')).filter((name) => name.endsWith('.part'))).toEqual([])
      }

      expect(await train(at)).toMatchObject({ code: 0, stderr: '' })
      expect(trained(at)).toEqual(trained(whole))
      const epochs = readFileSync(join(at, job, 'metrics.csv'), 'utf8')
        .trim()
        .split('\n')
      expect(epochs).toHaveLength(3)
    },
  )

  it.runIf(process.platform !== 'win32')('a full disk while features are written: what is done stays done, the rest follows', async () => {
    const at = join(folder, 'full')
    const preparing = ['prepare', '--config', config, '--data', data, '--run', at, '--workers', '0', '--quiet']
    const full = await withFileLimit(20, preparing)
    expect(full.stderr).toMatch(/^error: cannot write .*features.*: EFBIG/u)
    expect(full).toMatchObject({ code: 1, stdout: '' })
    expect(existsSync(join(at, 'features/index.json'))).toBe(false)
    expect(await runProgram(...preparing)).toMatchObject({ code: 0, stderr: '' })
    const names = readdirSync(join(whole, 'features'))
    expect(readdirSync(join(at, 'features'))).toEqual(names)
    for (const name of names) expect(bits(at, `features/${name}`)).toBe(bits(whole, `features/${name}`))
  })
})

it('the finished run that all this is compared with has finite scores for every test clip', () => {
  const { data: scores, shape } = decodeNpy(readFileSync(join(whole, prediction)))
  expect(shape).toEqual([4, 3])
  expect([...scores].every((value) => value > 0 && value < 1)).toBe(true)
})
