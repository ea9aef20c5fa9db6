import { readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { decodeAudio } from '@audiotag/melspec'
import { flopCounts } from '@audiotag/models'
import { describe, expect, it, vi } from 'vitest'
import { loadConfig, programFolder, resolveConfig } from '../../src/config/load-config.js'
import { batchPlan } from '../../src/data/batch-plan.js'
import { clipSeconds } from '../../src/plan/clip-seconds.js'
import { clipsOfPasses } from '../../src/plan/clips-per-update.js'
import { knownDatasetSize } from '../../src/plan/dataset-size.js'
import { modelMemory } from '../../src/plan/model-memory.js'
import { processesSeconds } from '../../src/plan/processes-seconds.js'
import { planText } from '../../src/report/plan-text.js'
import { planOf } from '../../src/stages/plan.js'
import { runProgram } from '../run-program.js'

vi.setConfig({ testTimeout: 60_000 })

const features = { sampleRate: 44_100, hopSamples: 347, mels: 128 }
const options = { jobs: 2, threads: 1, measure: false }

describe('the paper at full scale, without its data', () => {
  it.each([
    ['submission1', 170],
    ['submission2', 95],
  ])('%s averages %i predictions', async (name, averaged) => {
    const plan = await planOf(loadConfig(name), options)
    expect(plan.averaged).toBe(averaged)
    expect(plan.data).toMatchObject({ source: 'FSDKaggle2019', classes: 80, clips: { curated: 4964, noisy: 19_815, test: 4481 } })
    expect(planText(plan)).toContain(`the ensemble averages ${averaged}`)
  })

  it('model 1: 63 updates an epoch, 64 epochs a cycle, 8 cycles, 5 folds; two streams', async () => {
    const { models } = await planOf(loadConfig('model1', 'referenceCode'), options)
    const [model] = models
    expect(model.stepsPerFold).toEqual(Array.from({ length: 5 }, () => 63 * 64 * 8))
    expect(model.stepsPerCycle).toBe(63 * 64)
    expect(model.clipsTrained).toBe(5 * 64 * 8 * (3976 + 63 * 64))
    const clip = flopCounts({ architecture: 'resnet34', classes: 80, activation: 'sigmoid' }, { length: 512 })
    expect(model.flopsPerStep).toBe(128 * (clip.forward + clip.backward))
    expect(model.predictions).toBe(8 * 2 * 5)
  })

  it('says what does not fit the heap, and the batch that would', async () => {
    const plan = await planOf(loadConfig('model1'), options)
    const [model] = plan.models
    expect(model.fits).toBe(false)
    expect(planText(plan)).toMatch(
      new RegExp(`model 1 needs [\\d.]+ GB of a WebAssembly heap.* Lower its batch from 64 to ${model.largestBatch} or less`, 'u'),
    )
    const smaller = (batch: number) =>
      planOf(
        resolveConfig(
          {
            name: 'x',
            about: '',
            models: [{ paper: '1', batch }],
            ensemble: { choose: 'fixed', members: [{ model: '1', weight: 1, cycles: null, pads: null }] },
          },
          'x',
        ),
        options,
      )
    expect((await smaller(model.largestBatch)).models[0].fits).toBe(true)
    expect((await smaller(model.largestBatch + 1)).models[0].fits).toBe(false)
  })
})

it.each([
  // Heaps of the full-width networks as packages/backend/README.md has them: one stream.
  ['1', 16, 1.86],
  ['5', 16, 1.97],
])('memory of model %s at batch %i: within a tenth of the measured heap, %d GiB', (paper, batch, gibibytes) => {
  const config = resolveConfig(
    {
      name: 'x',
      about: '',
      models: [{ paper, name: 'M', batch, initFrom: null, losses: { noisy: null }, optimizer: { kind: 'adam' } }],
      ensemble: { choose: 'fixed', members: [{ model: 'M', weight: 1, cycles: null, pads: null }] },
    },
    'x',
  )
  const { heapBytes, peakBytes, fits } = modelMemory(config.models[0], knownDatasetSize(true), features)
  expect(Math.abs(heapBytes / 2 ** 30 / gibibytes - 1)).toBeLessThan(0.1)
  expect(peakBytes).toBeGreaterThan(heapBytes)
  expect(fits).toBe(true)
})

it('clips of passes are those that the batches hold', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 30 }),
      fc.boolean(),
      (size, batch, steps, keepLast) => {
        const plan = batchPlan({ seed: 1, name: 'x', order: 'passes', batch, sizes: [size], weights: [1], keepLast })
        let clips = 0
        for (let step = 0; step < steps; step++) clips += plan.at(step).length
        expect(clipsOfPasses(steps, size, batch, keepLast)).toBe(clips)
      },
    ),
  )
})

it('processes take as long as the busiest lane', () => {
  expect(processesSeconds([3, 3, 3, 3, 3], 2)).toBe(9)
  expect(processesSeconds([3, 3, 3, 3, 3], 8)).toBe(3)
  expect(processesSeconds([5, 1, 1, 1], 2)).toBe(5)
})

describe('clipSeconds', () => {
  it('reads Ogg Vorbis without decoding', async () => {
    const sounds = join(programFolder, 'data/minifsd-open/test')
    for (const name of readdirSync(sounds).slice(0, 5)) {
      const { channelData, sampleRate } = await decodeAudio(readFileSync(join(sounds, name)))
      expect(clipSeconds({ path: join(sounds, name) })).toBeCloseTo(channelData[0].length / sampleRate, 2)
    }
  })

  it('reads WAV, and takes an entry of an archive for 44.1 kHz, 16 bits', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dcase2019-seconds-'))
    const wav = Buffer.alloc(44 + 4 * 8000)
    wav.write('RIFF', 0, 'latin1')
    wav.write('WAVEfmt ', 8, 'latin1')
    wav.writeUInt32LE(16, 16)
    wav.writeUInt32LE(32_000, 28)
    wav.write('data', 36, 'latin1')
    wav.writeUInt32LE(4 * 8000, 40)
    const write = (name: string, bytes: Uint8Array) => {
      writeFileSync(join(folder, name), bytes)
      return clipSeconds({ path: join(folder, name) })
    }
    expect(write('a.wav', wav)).toBe(1)
    expect(write('cut.wav', wav.subarray(0, 44 + 8000))).toBe(0.25)
    expect(write('noise.wav', Buffer.from('RIFFnothing of the kind'))).toBeUndefined()
    expect(write('empty.ogg', Buffer.alloc(0))).toBeUndefined()
    expect(clipSeconds({ path: join(folder, 'none.wav') })).toBeUndefined()
    expect(clipSeconds({ zip: 'x.zip', entry: 'a.wav', bytes: 44 + 88_200, crc32: 0 })).toBe(1)
    expect(clipSeconds({ zip: 'x.zip', entry: 'a.flac', bytes: 44 + 88_200, crc32: 0 })).toBeUndefined()
    rmSync(folder, { recursive: true })
  })
})

describe('the command', () => {
  it('prints a table, or one JSON document; the demo’s sounds are counted', async () => {
    const { stdout, code } = await runProgram('plan', 'demo', '--no-measure', '--json')
    expect(code).toBe(0)
    const plan = JSON.parse(stdout) as Awaited<ReturnType<typeof planOf>>
    expect(plan.data).toMatchObject({ source: 'folder', classes: 10, clips: { curated: 160, noisy: 400, test: 160 } })
    expect(plan.backends).toContainEqual({ name: 'wasm', reason: 'not measured (--no-measure)' })
    expect((await runProgram('plan', 'demo', '--no-measure')).stdout).toMatch(/^model +network .*\nA +resnet34 × 0\.125 +2 +300 +600 /mu)
  })

  it('measures the backends that are here', async () => {
    const { stdout, code } = await runProgram('plan', 'smoke', '--json')
    expect(code).toBe(0)
    const { backends, models } = JSON.parse(stdout) as Awaited<ReturnType<typeof planOf>>
    expect(backends.find(({ name }) => name === 'wasm')).toMatchObject({
      flopsPerSecond: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
    })
    for (const { seconds } of models) expect(seconds['wasm'].training).toBeGreaterThan(0)
    for (const backend of backends) {
      if ('reason' in backend) expect(backend.reason).not.toBe('')
      else expect(Math.min(...backend.measured.map(({ predictionFlopsPerSecond }) => predictionFlopsPerSecond))).toBeGreaterThan(0)
    }
  }, 120_000)

  it.each([
    [['plan', 'demoo', '--no-measure'], 2, /unknown config 'demoo' \(did you mean 'demo'\?\)/u],
    [['plan', 'demo', '--no-measure', '--data', '/nowhere'], 3, /\/nowhere: no such folder/u],
    [['plan'], 2, /missing required argument 'CONFIG'/u],
  ] as const)(
    '%j ends with %i and says why',
    async (args, status, message) => {
      const { code, stderr } = await runProgram(...args)
      expect(code).toBe(status)
      expect(stderr).toMatch(message)
    },
    60_000,
  )
})
