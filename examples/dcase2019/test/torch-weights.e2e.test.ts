import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeNpy, powerToDb, standardize } from '@audiotag/melspec'
import { decodeSafetensors, decodeTorchCheckpoint, encodeSafetensors, loadTorchModel } from '@audiotag/models'
import type { NamedArray, TaggingModel } from '@audiotag/models'
import { describeWithPython, expectClose } from '@audiotag/testkit'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFeatures } from '../src/data/features.js'
import { kaggleFiles, writeFiles } from './data/make-dataset.js'
import { runProgram, startProgram } from './run-program.js'
import { smallDataset } from './small-dataset.js'

const folder = mkdtempSync(join(tmpdir(), 'dcase2019-torch-'))
const torchFolder = fileURLToPath(new URL('torch', import.meta.url))
const resnet = join(torchFolder, 'resnet34-authors.pth')
const envnet = join(torchFolder, 'envnet2-checkpoint.pth')
const data = join(folder, 'data')
const run = join(folder, 'imported')
const clips = { curated: 20, noisy: 12, test: 6 }

type Tensors = Record<string, NamedArray>
const bytesOf = (file: string) => Uint8Array.from(readFileSync(file))
const tensorsOf = (file: string): Tensors => decodeSafetensors(bytesOf(file)).tensors
const withoutCopies = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith('base_model.') && !name.endsWith('num_batches_tracked')))

async function succeeds(...args: string[]): Promise<string> {
  const { code, stderr, stdout } = await runProgram(...args)
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

async function fails(exit: number, message: RegExp, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram(...args)
  expect(stderr).toMatch(message)
  expect(code).toBe(exit)
}

/** Probabilities by the library alone, clip by clip. */
async function probabilities(
  model: TaggingModel,
  at: string,
  split: 'test' | 'curated',
  input: 'logmel' | 'waveform',
): Promise<number[][]> {
  const features = openFeatures(join(at, 'features'), { input })
  const rows: number[][] = []
  for (let place = 0; place < features.splits[split].size; place++) {
    const x =
      input === 'logmel'
        ? (({ data: values, bins, frames }) => tf.tensor(values, [1, bins, frames, 1]))(standardize(powerToDb(features.mel(split, place))))
        : (({ samples }) => tf.pad(tf.tensor2d(samples, [1, samples.length]), [[0, 0], [0, Math.max(0, model.minLength - samples.length)]]))(features.waveform(split, place)) // prettier-ignore
    rows.push(Array.from(await model.predict(x).data()))
  }
  features.close()
  return rows
}

beforeAll(async () => {
  await tf.setBackend('cpu')
  smallDataset(data, clips)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a ResNet-34 as the authors’ program saves it', () => {
  beforeAll(async () => {
    const stdout = await succeeds('import-torch', resnet, '--run', run, '--data', data)
    expect(stdout).toMatch(/^Model imported, fold 0, cycle 1: resnet34, width 0\.03125, heads curated, noisy, 10 classes, sigmoid\./u)
    expect(stdout).toContain('optimiser was not taken over')
    await succeeds('prepare', '--run', run, '--quiet')
    await succeeds('predict', '--run', run, '--quiet')
  }, 120_000)

  it('predicts the library’s probabilities', async () => {
    const { tensors } = await decodeTorchCheckpoint(bytesOf(resnet))
    const model = loadTorchModel(tensors, { activation: 'sigmoid' })
    const { data: scores, shape } = decodeNpy(bytesOf(join(run, 'models/imported-fold0/predictions/cycle-1-pad-0-test.npy')))
    expect(shape).toEqual([clips.test, 10])
    expectClose(scores as Float32Array, (await probabilities(model, run, 'test', 'logmel')).flat(), { absolute: 1e-5 })
    model.dispose()
  }, 60_000)

  it('goes through the rest of the chain, nothing trained', async () => {
    const chain = join(folder, 'chain')
    cpSync(run, chain, { recursive: true })
    const { code, stderr } = await runProgram('run', '--run', chain)
    expect(stderr).toMatch(/train imported: holds imported weights, nothing trained; --resume trains on from them/u)
    expect(stderr).not.toMatch(/NaN|undefined/u)
    expect(code).toBe(0)
    expect(existsSync(join(chain, 'submission.csv')) && existsSync(join(chain, 'report.html'))).toBe(true)
    const snapshot = 'models/imported-fold0/checkpoints/cycle-1.safetensors'
    expect(readFileSync(join(chain, snapshot)).equals(readFileSync(join(run, snapshot)))).toBe(true)
  }, 60_000)

  it('may be imported again, with the same result', async () => {
    const again = join(folder, 'again')
    cpSync(run, again, { recursive: true })
    const out = JSON.parse(await succeeds('import-torch', resnet, '--run', again, '--json')) as Record<string, unknown>
    expect(out).toMatchObject({ model: 'imported', fold: 0, cycle: 1, architecture: 'resnet34', classes: 10, missingCycles: [] })
    await succeeds('predict', '--run', again, '--quiet')
    const file = 'models/imported-fold0/predictions/cycle-1-pad-0-valid.npy'
    expect(readFileSync(join(again, file)).equals(readFileSync(join(run, file)))).toBe(true)
  }, 60_000)

  it('comes back from export-torch to the last bit, and can be imported from there', async () => {
    const file = (await succeeds('export-torch', '--run', run)).trim()
    expect(file).toBe(join(run, 'export/imported-fold0-cycle1.safetensors'))
    const { tensors } = await decodeTorchCheckpoint(bytesOf(resnet))
    const { metadata, tensors: exported } = decodeSafetensors(bytesOf(file))
    expect(withoutCopies(exported)).toEqual(withoutCopies(tensors))
    expect(Object.keys(exported).toSorted()).toEqual(
      Object.keys(tensors)
        .filter((name) => !name.startsWith('base_model.'))
        .toSorted(),
    )
    expect(metadata).toMatchObject({
      format: 'pt',
      dcase2019: JSON.stringify({ config: 'imported', model: 'imported', fold: 0, cycle: 1 }),
    })
    expect((JSON.parse(metadata['classes']) as string[])[0]).toBe('Acoustic_guitar')
    const back = join(folder, 'back')
    await succeeds('import-torch', file, '--run', back, '--data', data)
    const snapshot = 'models/imported-fold0/checkpoints/cycle-1.safetensors'
    expect(readFileSync(join(back, snapshot)).equals(readFileSync(join(run, snapshot)))).toBe(true)
  }, 60_000)
})

describe('an EnvNet-v2 in a training checkpoint', () => {
  it('predicts the library’s probabilities, softmax as asked for', async () => {
    const at = join(folder, 'envnet')
    await succeeds('import-torch', envnet, '--run', at, '--data', data, '--activation', 'softmax', '--model', 'wave')
    await succeeds('prepare', '--run', at, '--quiet')
    await succeeds('predict', '--run', at, '--quiet')
    const { tensors } = await decodeTorchCheckpoint(bytesOf(envnet))
    const model = loadTorchModel(tensors, { activation: 'softmax' })
    const { data: scores } = decodeNpy(bytesOf(join(at, 'models/wave-fold0/predictions/cycle-1-pad-0-test.npy')))
    expectClose(scores as Float32Array, (await probabilities(model, at, 'test', 'waveform')).flat(), { absolute: 1e-5 })
    model.dispose()
  }, 120_000)
})

const job = 'models/A-fold0'
const training = (at: string, ...more: string[]) => ['train', '--run', at, '--model', 'A', '--fold', '0', '--json', ...more]
const snapshots = (at: string) =>
  [1, 2].map((cycle) => readFileSync(join(at, job, `checkpoints/cycle-${cycle}.safetensors`)).toString('base64'))
const settings = (changes: object = {}) => ({
  name: 'resume',
  about: 'test',
  folds: { count: 2, seed: 1, train: [0] },
  models: [{ paper: '1', name: 'A', width: 1 / 32, slice: 32, batch: 8, cycles: 2, epochsPerCycle: 2, pads: [0], ...changes }],
  ensemble: { choose: 'fixed', members: [{ model: 'A', weight: 1, cycles: null, pads: null }] },
  training: { checkpointEpochs: 1, validateEpochs: 1 },
})
const stays = (a: NamedArray, b: NamedArray) => a.data.every((value, i) => Math.abs(Number(value) - Number(b.data[i])) < 1e-25)

describe('train --resume', () => {
  const config = join(folder, 'config.json')
  const prepared = join(folder, 'prepared')
  const copyOf = (name: string) => {
    const at = join(folder, name)
    cpSync(prepared, at, { recursive: true })
    return at
  }

  beforeAll(async () => {
    writeFileSync(config, JSON.stringify(settings()))
    await succeeds('prepare', '--config', config, '--data', data, '--run', prepared, '--quiet')
  }, 60_000)

  it('fails where there is nothing to go on from', async () => {
    await fails(3, /nothing to go on from for model A on fold 0.*import-torch FILE/u, ...training(copyOf('nothing'), '--resume'))
  }, 30_000)

  it('starts from the imported weights, which train alone leaves as they are', async () => {
    writeFileSync(join(folder, 'still.json'), JSON.stringify(settings({ maxRate: 1e-30, minRate: 0 })))
    const at = join(folder, 'still')
    await succeeds('import-torch', resnet, '--config', join(folder, 'still.json'), '--data', data, '--run', at, '--cycle', '1')
    await succeeds('prepare', '--run', at, '--quiet')
    await fails(2, /holds imported weights of cycle 1 of 2\. Import the others, or train on from them with --resume/u, ...training(at))
    const imported = tensorsOf(join(at, job, 'checkpoints/cycle-1.safetensors'))
    const { code, stdout } = await runProgram(...training(at, '--resume'))
    expect(code).toBe(0)
    expect(stdout).toContain('starts from imported weights; the optimiser starts anew')
    const trained = tensorsOf(join(at, job, 'checkpoints/cycle-2.safetensors'))
    // At a rate of nothing only the running statistics move: zeros by some 1e-30, other numbers by nothing.
    for (const [name, tensor] of Object.entries(imported))
      if (!/running|batches/u.test(name)) expect([name, stays(trained[name], tensor)]).toEqual([name, true])
    expect(trained['bn1.running_mean']).not.toEqual(imported['bn1.running_mean'])
    await succeeds('predict', '--run', at, '--quiet')
    await succeeds(...training(at, '--resume'))
    await fails(2, /holds a training of its own, which would be lost/u, 'import-torch', resnet, '--run', at, '--cycle', '1')
  }, 120_000)

  it('goes on after kill -9, to the bits of a training that was not stopped', async () => {
    const unbroken = copyOf('unbroken')
    await succeeds('import-torch', resnet, '--run', unbroken, '--cycle', '2')
    const stopped = join(folder, 'stopped')
    cpSync(unbroken, stopped, { recursive: true })
    expect(await runProgram(...training(unbroken, '--resume'))).toMatchObject({ code: 0 })
    const { child, done } = startProgram(...training(stopped, '--resume'))
    let sent = false
    let seen = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes('"epoch":3') && !sent) sent = child.kill('SIGKILL')
    })
    expect(await done).toMatchObject({ signal: 'SIGKILL' })
    expect(await runProgram(...training(stopped, '--resume'))).toMatchObject({ code: 0 })
    expect(snapshots(stopped)).toEqual(snapshots(unbroken))
    const scratch = copyOf('scratch')
    await succeeds(...training(scratch))
    expect(snapshots(scratch)).not.toEqual(snapshots(unbroken))
  }, 120_000)
})

describe('import-torch refuses, and leaves no run behind', { timeout: 60_000 }, () => {
  const at = join(folder, 'refused')
  const stored = (name: string, tensors: Tensors, metadata: Record<string, string> = {}) => {
    const file = join(folder, name)
    writeFileSync(file, encodeSafetensors(tensors, metadata))
    return file
  }
  const refused = async (exit: number, message: RegExp, ...args: string[]) => {
    await fails(exit, message, 'import-torch', ...args, '--run', at)
    expect(existsSync(at)).toBe(false)
  }

  it.each([
    ['no data set', 3, /needs the data set, for the order of its classes.*--data DIR/u, [resnet]],
    ['an EnvNet of unknown output', 2, /--activation sigmoid \(the paper's #4\) or --activation softmax/u, [envnet, '--data', data]],
    ['no file', 3, /gone\.pth is not there/u, [join(folder, 'gone.pth'), '--data', data]],
    ['another kind of file', 2, /FILE must end in \.pth, \.pt or \.safetensors, got weights\.h5/u, ['weights.h5', '--data', data]],
    ['a config of other networks', 2, /--model is needed: there are A, B, C/u, [resnet, '--config', 'smoke']],
    ['another width', 2, /resnet34-authors\.pth \(resnet34, width 0\.03125, 2 heads\) does not fit model A \(resnet34, width 0\.0625, 2 heads\)/u, [resnet, '--config', 'smoke', '--model', 'A', '--fold', '0', '--cycle', '1']],
    ['a fold that is not trained', 2, /--fold must be one of 0, 1, got 3/u, [resnet, '--config', 'smoke', '--model', 'A', '--fold', '3']],
    ['several cycles, none named', 2, /--cycle is needed: there are 1, 2/u, [resnet, '--config', 'smoke', '--model', 'A', '--fold', '0']],
    ['a cycle too many', 2, /--cycle must be at most 2/u, [resnet, '--config', 'smoke', '--model', 'A', '--fold', '0', '--cycle', '3']],
    ['another activation', 2, /model A ends in sigmoid, these weights in softmax/u, [resnet, '--config', 'smoke', '--model', 'A', '--fold', '0', '--cycle', '1', '--activation', 'softmax']],
    ['a dict that is not there', 1, /root must lead to a dict of tensors, got "ema"/u, [envnet, '--data', data, '--root', 'ema']],
  ] as const)('%s', async (_, exit, message, args) => refused(exit, message, ...args)) // prettier-ignore

  it('damaged and hostile files, by name', async () => {
    const damaged = join(folder, 'damaged.pth')
    const bytes = readFileSync(envnet)
    bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 300)
    writeFileSync(damaged, bytes)
    await refused(1, /damaged\.pth: decodeTorchCheckpoint: zip record .* must have the CRC-32/u, damaged, '--data', data)
    const page = join(folder, 'page.pth')
    writeFileSync(page, '<!DOCTYPE html>')
    await refused(1, /page\.pth: decodeTorchCheckpoint: .*text that starts with "<!DOCTYPE html>"/u, page, '--data', data)
  })

  it('other classes, or the same in another order', async () => {
    const { tensors, scalars } = await decodeTorchCheckpoint(bytesOf(envnet))
    const classes = scalars['classes'] as string[]
    const [first, second, ...rest] = classes
    const swapped = stored('swapped.safetensors', tensors, { classes: JSON.stringify([second, first, ...rest]) })
    await refused(
      2,
      /lists class 1 as 'Bass_drum', in the data set it is 'Acoustic_guitar'/u,
      swapped,
      '--data',
      data,
      '--activation',
      'softmax',
    )
    const fewer = stored('fewer.safetensors', tensors, { classes: JSON.stringify(rest) })
    await refused(2, /lists 8 classes \(Crackle, .*\), its network has 10/u, fewer, '--data', data, '--activation', 'softmax')
    const other = join(folder, 'other-data')
    writeFiles(other, kaggleFiles())
    await refused(2, /tells 10 classes apart, the data set has \d+/u, resnet, '--data', other)
    const head = (index: number) => ({ [`last_linear${index}.6.weight`]: tensors['last_linear1.6.weight'] })
    const heads = stored('heads.safetensors', { ...tensors, ...head(2), ...head(3) })
    await refused(2, /heads\.safetensors has 3 heads; models here have one/u, heads, '--data', data, '--activation', 'softmax')
  })
})

describe('export-torch', { timeout: 60_000 }, () => {
  it('names what is missing', async () => {
    const at = join(folder, 'empty-run')
    await fails(
      3,
      /cycle-2\.safetensors is not there\. Run: dcase2019 train/u,
      'export-torch',
      '--config',
      'smoke',
      '--run',
      at,
      '--model',
      'A',
      '--fold',
      '0',
    )
    await fails(2, /--cycle must be at most 2/u, 'export-torch', '--run', at, '--model', 'A', '--fold', '0', '--cycle', '9')
    await fails(2, /--fold is needed: there are 0, 1/u, 'export-torch', '--run', at, '--model', 'A')
    await fails(2, /no model 'Z'/u, 'export-torch', '--run', at, '--model', 'Z', '--fold', '0')
  })
})

describeWithPython('what export-torch writes gives the same logits in PyTorch', ['torch', 'safetensors', 'numpy'], (python) => {
  it.each([
    ['resnet34', resnet, { heads: 2, input: [2, 1, 64, 67] }],
    ['envnet2', envnet, { heads: 1, input: [2, 1, 1, 24_000] }],
  ] as const)(
    '%s',
    async (net, source, { heads, input }) => {
      const at = join(folder, `torch-${net}`)
      await succeeds('import-torch', source, '--run', at, '--data', data, '--activation', 'sigmoid')
      const file = join(folder, `${net}.safetensors`)
      await succeeds('export-torch', '--run', at, '--out', file)
      const x = Float32Array.from(
        { length: input.reduce<number>((product, n) => product * n, 1) },
        (_, i) => Math.sin(i * 1.7) + Math.cos(i / 13),
      )
      const [inputFile, outputFile] = ['input', 'output'].map((name) => join(folder, `${net}-${name}.f32`))
      writeFileSync(inputFile, x)
      const options = JSON.stringify({ classes: 10, width: 1 / 32, heads, input })
      python(join(torchFolder, 'logits.py'), file, net, options, inputFile, outputFile)
      const expected = new Float32Array(Uint8Array.from(readFileSync(outputFile)).buffer)
      const model = loadTorchModel(tensorsOf(file), { activation: 'sigmoid' })
      const shaped = net === 'envnet2' ? tf.tensor(x, [input[0], input[3]]) : tf.tensor(x, [input[0], input[2], input[3], 1])
      const logits = model.config.heads.flatMap((head) => [...model.forward(shaped, { head }).dataSync()])
      expect(logits).toHaveLength(expected.length)
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(largest).toBeGreaterThan(0.01)
      expectClose(logits, expected, { absolute: 2e-5 * Math.max(1, largest) })
      model.dispose()
    },
    120_000,
  )
})
