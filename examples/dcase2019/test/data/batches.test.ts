import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createRng, dcase2019Logmel, dcase2019Waveform } from '@audiotag/augment'
import { dcase2019, powerToDb, standardize } from '@audiotag/melspec'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Batch, BatchStream } from '../../dist/data/batch-maker.js'
import { batchPlan } from '../../dist/data/batch-plan.js'
import { createBatches } from '../../dist/data/batches.js'
import type { BatchesOptions } from '../../dist/data/batches.js'
import { openDataset } from '../../dist/data/dataset.js'
import { openFeatures } from '../../dist/data/features.js'
import type { FeatureStore } from '../../dist/data/features.js'
import { prepare } from '../../dist/data/prepare.js'
import { standardizedDecibels } from '../../dist/data/standardized-decibels.js'
import { kaggleFiles, writeFiles } from './make-dataset.js'

let folder: string
let dir: string
let store: FeatureStore
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dcase2019-'))
  dir = join(folder, 'features')
  const dataset = await openDataset(writeFiles(join(folder, 'data'), kaggleFiles()))
  await prepare({ dataset, out: dir, workers: 0, features: { mel: dcase2019({ mels: 16 }) } })
  store = openFeatures(dir)
})
afterAll(() => {
  store.close()
  rmSync(folder, { recursive: true })
})

const all = (split: 'curated' | 'noisy'): number[] => Array.from({ length: store.splits[split].size }, (_, place) => place)

const pseudo = (): Float32Array => Float32Array.from({ length: 5 * 3 }, (_, i) => (i + 1) / 20)

function streams(augment: BatchStream['augment']): BatchStream[] {
  return [
    { name: 'curated', sources: [{ split: 'curated', places: [0, 2, 3, 4, 5] }], batch: 2, augment },
    { name: 'noisy', order: 'endless', sources: [{ split: 'noisy', places: all('noisy') }], batch: 3, augment },
    {
      name: 'ssl',
      order: 'draws',
      sources: [
        { split: 'curated', places: [0, 2, 3] },
        { split: 'noisy', places: all('noisy'), targets: pseudo() },
      ],
      batch: 4,
      augment,
    },
  ]
}

const kinds: [BatchesOptions['input'], BatchStream['augment']][] = [
  ['logmel', { frames: 12, frequencyMask: { minWidthBins: 1, maxWidthBins: 4 } }],
  ['waveform', { samples: 4000 }],
]

/** All bits of a batch, short enough to compare. */
function bitsOf({ input, targets }: Batch): string {
  const hash = createHash('sha256').update(JSON.stringify([input.shape, targets.shape]))
  for (const { data } of [input, targets]) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return hash.digest('hex')
}

/** Batches by stream and step. */
async function collect(options: Partial<BatchesOptions>, steps: readonly number[]): Promise<Record<string, Batch>> {
  const [input, augment] = kinds[options.input === 'waveform' ? 1 : 0]
  const batches = createBatches({ features: dir, input, streams: streams(augment), seed: 7, workers: 0, ...options })
  const result: Record<string, Batch> = {}
  try {
    for (const step of steps) {
      for (const name of ['curated', 'noisy', 'ssl']) result[`${name} ${step}`] = await batches.next(name, step)
    }
  } finally {
    await batches.close()
  }
  return result
}

async function collectBits(options: Partial<BatchesOptions>, steps: readonly number[]): Promise<Record<string, string>> {
  return Object.fromEntries(Object.entries(await collect(options, steps)).map(([name, batch]) => [name, bitsOf(batch)]))
}

describe.each(kinds)('createBatches, %s', { timeout: 60_000 }, (input) => {
  const steps = [0, 1, 2, 3, 4, 5, 6]

  it('is a function of seed, stream and step: threads, cache, order of the calls and resuming change no bit', async () => {
    const expected = await collectBits({ input }, steps)
    expect(Object.keys(expected)).toHaveLength(21)
    expect(new Set(Object.values(expected)).size).toBe(21)
    expect(await collectBits({ input, workers: 1 }, steps)).toEqual(expected)
    expect(await collectBits({ input, workers: 3, ahead: 5, startStep: 0 }, steps)).toEqual(expected)
    expect(await collectBits({ input, workers: 2, cacheBytes: 0 }, steps)).toEqual(expected)
    expect(await collectBits({ input, workers: 2 }, [6, 2, 5, 0, 1, 4, 3])).toEqual(expected)
    expect(expected).toMatchObject(await collectBits({ input, workers: 2, startStep: 4 }, [4, 5, 6]))
    const other = await collectBits({ input, seed: 8 }, steps)
    for (const [name, bit] of Object.entries(other)) expect(bit).not.toBe(expected[name])
  })

  it('has the shapes a model takes, and a smaller batch at the end of a pass', async () => {
    const batches = await collect({ input }, [0, 2])
    const shape = input === 'logmel' ? [16, 12, 1] : [4000]
    expect(batches['curated 0']).toMatchObject({ input: { shape: [2, ...shape] }, targets: { shape: [2, 3] } })
    expect(batches['curated 2']).toMatchObject({ input: { shape: [1, ...shape] }, targets: { shape: [1, 3] } })
    expect(batches['noisy 2']).toMatchObject({ input: { shape: [3, ...shape] }, targets: { shape: [3, 3] } })
    expect(batches['ssl 2'].input.data).toHaveLength(4 * shape.reduce((a, b) => a * b))
  })
})

/** Rows of the targets of 50 examples, as text. */
const targetRows = ({ targets }: Batch): string[] =>
  Array.from({ length: 50 }, (_, k) => [...targets.data.subarray(k * 3, k * 3 + 3)].map((value) => value.toFixed(2)).join(' '))

describe('what is in a batch', () => {
  it('log-mel examples are the pipeline’s power, then melspec’s decibels and standardisation', async () => {
    const [[, augment]] = kinds
    const { noisy } = Object.fromEntries(streams(augment).map((stream) => [stream.name, stream]))
    const batches = createBatches({ features: dir, input: 'logmel', streams: [noisy], seed: 1, workers: 0 })
    const { input, targets } = await batches.next('noisy', 1)
    const plan = batchPlan({ seed: 1, name: 'noisy', order: 'endless', batch: 3, sizes: [5], weights: [1], keepLast: true })
    const pipeline = dcase2019Logmel(augment as { frames: number })
    const labels = store.splits.noisy.labels!
    const source = {
      size: 5,
      about: (place: number) => store.splits.noisy.about(place),
      get: (place: number) => ({ input: store.mel('noisy', place), labels: labels.subarray(place * 3, place * 3 + 3) }),
    }
    plan.at(1).forEach(({ row, rng }, k) => {
      const example = pipeline.apply(source, pipeline.draw(rng, row, source))
      const expected = standardize(powerToDb(example.input)).data
      expected.forEach((value, i) => expect(Math.abs(input.data[k * 192 + i] - value)).toBeLessThan(5e-6))
      expect(targets.data.subarray(k * 3, k * 3 + 3)).toEqual(example.labels)
    })
    await batches.close()
  })

  it('waveform examples are the pipeline’s samples', async () => {
    const source = {
      size: 6,
      about: (place: number) => store.splits.curated.about(place),
      get: (place: number) => ({
        input: store.waveform('curated', place),
        labels: store.splits.curated.labels!.subarray(place * 3, place * 3 + 3),
      }),
    }
    const stream: BatchStream = { name: 's', sources: [{ split: 'curated', places: all('curated') }], batch: 6, augment: { samples: 3000 } }
    const batches = createBatches({ features: dir, input: 'waveform', streams: [stream], seed: 's', workers: 0 })
    const { input } = await batches.next('s', 0)
    const pipeline = dcase2019Waveform({ samples: 3000 })
    const plan = batchPlan({ seed: 's', name: 's', order: 'passes', batch: 6, sizes: [6], weights: [1], keepLast: true })
    plan.at(0).forEach(({ row, rng }, k) => {
      expect(input.data.subarray(k * 3000, k * 3000 + 3000)).toEqual(pipeline.apply(source, pipeline.draw(rng, row, source)).input.samples)
    })
    await batches.close()
  })

  it('targets take the place of labels; partners come from the sampler or from all rows', async () => {
    const base = { order: 'draws', batch: 50, augment: { frames: 4, mixup: false } } as const
    const one = (changes: Partial<BatchStream>): Promise<Batch> => {
      const stream = {
        ...base,
        name: 'ssl',
        sources: [
          { split: 'curated', places: [1] },
          { split: 'noisy', places: all('noisy'), targets: pseudo() },
        ],
        ...changes,
      } as BatchStream
      const batches = createBatches({ features: dir, input: 'logmel', streams: [stream], seed: 3, workers: 0 })
      return batches.next('ssl', 0).finally(() => batches.close())
    }
    const plain = targetRows(await one({}))
    const possible = [
      '0.00 1.00 0.00',
      ...Array.from({ length: 5 }, (_, i) => [1, 2, 3].map((c) => ((i * 3 + c) / 20).toFixed(2)).join(' ')),
    ]
    expect(plain.every((row) => possible.includes(row))).toBe(true)
    const curated = plain.filter((row) => row === possible[0]).length
    expect(curated).toBeGreaterThan(12) // Half of 50, not a sixth.
    expect(curated).toBeLessThan(38)
    const mixed = { augment: { frames: 4, mixup: { p: 1 } } }
    const [sampler, uniform] = [targetRows(await one(mixed)), targetRows(await one({ ...mixed, partner: 'uniform' }))]
    expect(sampler).not.toEqual(uniform)
    expect(sampler.filter((row) => row === possible[0]).length).toBeGreaterThan(uniform.filter((row) => row === possible[0]).length)
  })

  it('says what is wrong with a request', async () => {
    const [[input, augment]] = kinds
    const [curated] = streams(augment)
    const make =
      (changes: Partial<BatchStream>, options: Partial<BatchesOptions> = {}) =>
      () =>
        createBatches({ features: dir, input, seed: 1, workers: 1, streams: [{ ...curated, ...changes }], ...options })
    expect(make({ sources: [{ split: 'curated', places: [6] }] })).toThrow("places of stream 'curated' must be integers from 0 to 5, got 6")
    expect(make({ sources: [{ split: 'curated', places: [] }] })).toThrow("stream 'curated' has no clips")
    expect(make({ sources: [{ split: 'noisy', places: [0], targets: new Float32Array(3) }] })).toThrow(
      'must be [5, 3], one row a clip of noisy',
    )
    expect(make({ sources: [{ split: 'curated', places: [0], weight: -1 }] })).toThrow('weights')
    expect(make({ batch: 0 })).toThrow('must be an integer of at least 1, got 0')
    expect(make({ augment: { frames: 0 } })).toThrow('frames')
    expect(make({}, { workers: -1 })).toThrow('workers must be an integer of at least 0, got -1')
    expect(make({}, { streams: [curated, curated] })).toThrow("'curated' is there twice")
    expect(make({}, { features: join(dir, 'no') })).toThrow('no features in')
    for (const workers of [0, 1]) {
      const batches = make({}, { workers })()
      await expect(batches.next('ssl', 0)).rejects.toThrow(/'ssl'/)
      await expect(batches.next('curated', -1)).rejects.toThrow(/step/)
      await expect(batches.next('curated', 0)).resolves.toBeDefined()
      await batches.close()
      await expect(batches.next('curated', 1)).rejects.toThrow(/close/)
    }
  })

  it('an error in a thread reaches the caller with its kind', async () => {
    const [[input, augment]] = kinds
    const damaged = join(folder, 'damaged')
    cpSync(dir, damaged, { recursive: true })
    const file = join(damaged, 'curated-0000.mel.npy')
    const bytes = readFileSync(file)
    bytes.fill(0xff, 128)
    writeFileSync(file, bytes)
    const batches = createBatches({
      features: damaged,
      input,
      seed: 1,
      workers: 1,
      streams: streams({ ...augment, mixup: false }).slice(0, 1),
    })
    await expect(batches.next('curated', 0)).rejects.toMatchObject({
      name: 'DataError',
      code: 'features',
      message: expect.stringMatching(/NaN/) as string,
    })
    await batches.close()
  })
})

const plan = (order: 'passes' | 'endless' | 'draws', list: number[], batch: number, keepLast = true) =>
  batchPlan({ seed: 5, name: 'x', order, batch, sizes: list, weights: list.map(() => 1), keepLast })
const rows = (made: ReturnType<typeof plan>, step: number): number[] => made.at(step).map(({ row }) => row)
const total = (list: number[]): number => list.reduce((a, b) => a + b, 0)

describe('batchPlan', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 }).filter((list) => list.some((size) => size > 0))
  it('passes: every pass has every clip once, in another order; keepLast: false drops what does not fill a batch', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 3 }), (list, batch, pass) => {
        const made = plan('passes', list, batch)
        const n = made.batchesPerPass!
        expect(n).toBe(Math.ceil(total(list) / batch))
        const seen = Array.from({ length: n }, (_, k) => rows(made, pass * n + k)).flat()
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: total(list) }, (_, row) => row))
        const full = plan('passes', list, batch, false)
        expect(full.batchesPerPass).toBe(Math.max(1, Math.floor(total(list) / batch)))
        expect(rows(full, pass)).toHaveLength(Math.min(batch, total(list)))
      }),
      { numRuns: 50 },
    )
    const made = plan('passes', [40], 40)
    expect(rows(made, 0)).not.toEqual(rows(made, 1))
  })

  it('endless: batches are always full and run across passes', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 90 }), (list, batch) => {
        const size = total(list)
        const made = plan('endless', list, batch)
        const seen = Array.from({ length: Math.ceil((3 * size) / batch) }, (_, step) => {
          expect(rows(made, step)).toHaveLength(batch)
          return rows(made, step)
        }).flat()
        for (let pass = 0; pass < 3; pass++) {
          expect(seen.slice(pass * size, (pass + 1) * size).sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, row) => row))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('draws: half and half whatever the sizes, uniform inside, never from an empty source', () => {
    const made = batchPlan({ seed: 1, name: 'x', order: 'draws', batch: 4000, sizes: [4, 0, 16], weights: [1, 1, 1], keepLast: true })
    const counts = Array.from({ length: 20 }, () => 0)
    for (const row of rows(made, 0)) counts[row]++
    const first = counts.slice(0, 4).reduce((a, b) => a + b)
    expect(Math.abs(first - 2000)).toBeLessThan(5 * Math.sqrt(1000)) // 5 standard deviations
    counts.slice(0, 4).forEach((count) => expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(500)))
    counts.slice(4).forEach((count) => expect(Math.abs(count - 125)).toBeLessThan(5 * Math.sqrt(125)))
    expect(made.sample(() => 1 - 2 ** -53)).toBe(19)
    expect(
      batchPlan({ seed: 1, name: 'x', order: 'draws', batch: 1, sizes: [3, 0], weights: [1, 1], keepLast: true }).sample(
        () => 1 - 2 ** -53,
      ),
    ).toBe(2)
    expect(made.sample(() => 0)).toBe(0)
  })

  it('examples of different passes and clips draw different numbers, the same one the same', () => {
    const made = plan('passes', [5], 5)
    const again = plan('passes', [5], 5)
    const numbers = [0, 1, 2].flatMap((step) => made.at(step).map(({ rng }) => rng()))
    expect(new Set(numbers).size).toBe(15)
    expect([2, 1].flatMap((step) => again.at(step).map(({ rng }) => rng()))).toEqual([...numbers.slice(10), ...numbers.slice(5, 10)])
  })
})

describe('standardizedDecibels', () => {
  it('is standardize(powerToDb(x)) of melspec, for any power', () => {
    const power = fc.oneof(
      { arbitrary: fc.double({ min: -14, max: 6, noNaN: true }).map((exponent) => 10 ** exponent), weight: 8 },
      { arbitrary: fc.constantFrom(0, -0, 1e-10, 1e-40, 3e38, 1), weight: 1 },
    )
    fc.assert(
      fc.property(fc.array(power, { minLength: 1, maxLength: 64 }), fc.constantFrom(80, 60, 20), (values, topDb) => {
        const data = Float32Array.from(values)
        const decibels = powerToDb({ data, bins: 1, frames: data.length }, { topDb })
        const expected = standardize(decibels).data
        const target = new Float32Array(data.length + 4).fill(9)
        standardizedDecibels(data, target, 2, topDb)
        // Both round decibels to float32, to 8e-6 dB; standardisation divides that by the standard deviation.
        const mean = decibels.data.reduce((sum, value) => sum + value, 0) / data.length
        const deviation = Math.sqrt(decibels.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length)
        expected.forEach((value, i) => expect(Math.abs(target[i + 2] - value)).toBeLessThan(4e-5 / deviation + 2e-6))
        expect([target[0], target[1], target[data.length + 2]]).toEqual([9, 9, 9])
      }),
    )
  })

  it('on an example like those of training it is within 2e-6', () => {
    const rng = createRng('power')
    const data = Float32Array.from({ length: 128 * 128 }, () => 10 ** (-9 * rng()))
    const expected = standardize(powerToDb({ data, bins: 128, frames: 128 })).data
    const target = new Float32Array(data.length)
    standardizedDecibels(data, target, 0)
    expect(Math.max(...target.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(2e-6)
  })

  it('silence is 0; NaN, infinite and negative power are errors', () => {
    const target = new Float32Array(8)
    standardizedDecibels(new Float32Array(8), target, 0)
    expect([...target]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    const negativeNaN = new Float32Array(8)
    new Uint32Array(negativeNaN.buffer)[3] = 0xffc00000
    for (const bad of [Float32Array.of(1, Number.NaN), Float32Array.of(Infinity, 1), Float32Array.of(1, -1e-9), negativeNaN]) {
      expect(() => standardizedDecibels(bad, target, 0)).toThrow(/power must be finite and at least 0, got/)
    }
  })
})
