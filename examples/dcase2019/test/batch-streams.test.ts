import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.js'
import type { PresetName } from '../src/config/schema.js'
import { createBatchMaker } from '../src/data/batch-maker.js'
import type { FeatureStore } from '../src/data/features.js'
import type { SplitName } from '../src/data/layout.js'
import { foldRows, trainingLength } from '../src/run/job-plan.js'
import type { RunFolder } from '../src/run/run-folder.js'
import { batchStreams, viewNames } from '../src/stages/batch-streams.js'

const classes = ['Bark', 'Meow', 'Strum']
const folds = [0, 1, 2, 3, 4]
const batch = 7

/** Rows of the tables; some are bad clips, which are rows of a fold and nothing else. */
const rowCounts = { curated: 22, noisy: 104, test: 9 }
const badRows: Record<SplitName, readonly number[]> = { curated: [4, 13], noisy: [0, 50, 51, 103], test: [2] }
const labelOf = { curated: 0, noisy: 1, test: 2 }

interface Heard {
  readonly split: SplitName
  readonly place: number
}

/** Features of 2 × 3 values a clip that write down which clips are read. */
function recordingStore(bad = badRows): { store: FeatureStore; heard: Heard[] } {
  const heard: Heard[] = []
  const splitOf = (split: SplitName) => {
    const rows = Array.from({ length: rowCounts[split] }, (_, row) => row).filter((row) => !bad[split].includes(row))
    const labels = new Float32Array(rows.length * classes.length)
    rows.forEach((_, place) => (labels[place * classes.length + labelOf[split]] = 1))
    return {
      size: rows.length,
      rowCount: rowCounts[split],
      rows,
      labels,
      names: rows.map((row) => `${split}-${row}`),
      about: () => ({ bins: 2, frames: 3, samples: 30, sampleRate: 44100 }),
    }
  }
  const store = {
    classes,
    index: { features: { mel: { mels: 2 } } },
    splits: { curated: splitOf('curated'), noisy: splitOf('noisy'), test: splitOf('test') },
    mel: (split: SplitName, place: number) => {
      heard.push({ split, place })
      return { data: new Float32Array(6).fill(1 + place), bins: 2, frames: 3 }
    },
    waveform: (split: SplitName, place: number) => {
      heard.push({ split, place })
      return { samples: Float32Array.from({ length: 30 }, (_, n) => Math.sin(n + place)), sampleRate: 44100 }
    },
  } as unknown as FeatureStore
  return { store, heard }
}

interface Options {
  readonly model?: '2' | '4'
  readonly preset?: PresetName
  readonly mixupP?: number
  readonly keepLastBatch?: boolean
  readonly bad?: Record<SplitName, readonly number[]>
}

/** The streams of a model on a fold, and what they read. */
function streamsOf(fold: number, { model = '2', preset = 'default', mixupP = 0, keepLastBatch = true, bad = badRows }: Options = {}) {
  const { store, heard } = recordingStore(bad)
  const loaded = loadConfig(`model${model}`, preset)
  const config = { ...loaded, training: { ...loaded.training, keepLastBatch } }
  const paper = config.models.find(({ name }) => name === model)!
  const settings = {
    ...paper,
    slice: paper.input === 'logmel' ? 3 : 20,
    batch,
    ssl: paper.ssl && { ...paper.ssl, batch },
    augment: { ...paper.augment, mixupP, frequencyMaskP: 0 },
  }
  const rows = foldRows({ config } as RunFolder, store, fold)
  const pseudo = new Float32Array(store.splits.noisy.size * classes.length).fill(0.25)
  const streams = batchStreams(config, settings, rows, settings.ssl ? pseudo : null, store)
  const make = createBatchMaker(store, { seed: 3, input: settings.input, streams })
  /** Clips that `steps` updates of a stream read, in order, and the targets. */
  const listen = (name: string, steps: number) => {
    heard.length = 0
    const targets = Array.from({ length: steps }, (_, step) => make(name, step).targets)
    return { heard: [...heard], targets }
  }
  return { config, settings, rows, streams, store, listen }
}

const placesOf = (heard: readonly Heard[], split: SplitName) =>
  [...new Set(heard.filter((each) => each.split === split).map(({ place }) => place))].toSorted((a, b) => a - b)
const share = (heard: readonly Heard[], split: SplitName) => heard.filter((each) => each.split === split).length / heard.length
const everyPlace = (size: number) => Array.from({ length: size }, (_, place) => place)

/** Five standard deviations of a share of `n` independent draws. */
const fiveSigma = (p: number, n: number) => 5 * Math.sqrt((p * (1 - p)) / n)

describe('which clips a stream hears', () => {
  it.each(folds)('curated, fold %i: a pass is every clip of the training side once, and none of another split', (fold) => {
    const { rows, listen, settings } = streamsOf(fold)
    const { stepsPerEpoch } = trainingLength(settings, rows.curatedTrain.length, true)
    const { heard } = listen('curated', stepsPerEpoch)
    expect(heard).toHaveLength(rows.curatedTrain.length)
    expect(placesOf(heard, 'curated')).toEqual(rows.curatedTrain)
  })

  it.each(folds)('noisy, fold %i: all noisy clips, in batches that are always full', (fold) => {
    const { listen, store } = streamsOf(fold)
    const { size } = store.splits.noisy
    const { heard, targets } = listen('noisy', Math.ceil(size / batch))
    expect(placesOf(heard, 'noisy')).toEqual(everyPlace(size))
    expect(new Set(heard.slice(0, size).map(({ place }) => place)).size).toBe(size)
    expect(heard.every(({ split }) => split === 'noisy')).toBe(true)
    expect(targets.every(({ shape }) => shape[0] === batch)).toBe(true)
  })

  it.each(folds)('ssl, fold %i: curated and noisy clips of the fold’s training side, half and half', (fold) => {
    const { rows, listen } = streamsOf(fold)
    const { heard } = listen('ssl', 150)
    expect(placesOf(heard, 'curated')).toEqual(rows.curatedTrain)
    expect(placesOf(heard, 'noisy')).toEqual(rows.noisySsl)
    expect(rows.noisySsl.length).toBeLessThan(100)
    expect(Math.abs(share(heard, 'curated') - 0.5)).toBeLessThan(fiveSigma(0.5, heard.length))
  })

  it.each(folds)('ssl as in the paper, fold %i: noisy clips only, and all of them', (fold) => {
    const { listen, store } = streamsOf(fold, { preset: 'paper' })
    const { heard } = listen('ssl', 200)
    expect(placesOf(heard, 'noisy')).toEqual(everyPlace(store.splits.noisy.size))
    expect(share(heard, 'noisy')).toBe(1)
  })

  it('over the folds every noisy clip is left out of the ssl stream exactly once, and every curated one held out once', () => {
    const { store } = streamsOf(0)
    for (const [split, side] of [
      ['noisy', 'noisySsl'],
      ['curated', 'curatedTrain'],
    ] as const) {
      const seen = folds.flatMap((fold) => streamsOf(fold).rows[side])
      for (const place of everyPlace(store.splits[split].size)) expect(seen.filter((each) => each === place)).toHaveLength(4)
    }
  })

  it.each([
    ['2', 'default'],
    ['2', 'paper'],
    ['2', 'referenceCode'],
    ['4', 'default'],
    ['4', 'paper'],
    ['4', 'referenceCode'],
  ] as const)('model %s as %s: no stream ever hears a held-out or a test clip, mixing partners included', (model, preset) => {
    for (const fold of folds) {
      const { rows, listen, streams } = streamsOf(fold, { model, preset, mixupP: 1 })
      const heard = streams.flatMap(({ name }) => listen(name, 40).heard)
      expect(heard.length).toBeGreaterThan(400)
      expect(placesOf(heard, 'test')).toEqual([])
      const held = new Set(rows.curatedValid)
      expect(held.size).toBeGreaterThan(2)
      expect(placesOf(heard, 'curated').filter((place) => held.has(place))).toEqual([])
    }
  })
})

/** Reads come in pairs: a clip and its partner. */
const pairs = (heard: readonly Heard[]) => everyPlace(heard.length / 2).map((i) => [heard[2 * i], heard[2 * i + 1]] as const)

describe('mixing', () => {
  it.each(['2', '4'] as const)('model %s mixes curated with curated and noisy with noisy clips outside the ssl stream', (model) => {
    const { listen } = streamsOf(1, { model, mixupP: 1 })
    for (const split of ['curated', 'noisy'] as const) {
      const mixed = pairs(listen(split, 9).heard)
      expect(mixed.every(([clip, partner]) => clip.split === split && partner.split === split)).toBe(true)
      expect(mixed.some(([clip, partner]) => clip.place !== partner.place)).toBe(true)
    }
  })

  it('partners of the ssl stream come as its clips do; in the authors’ code uniformly from all rows', () => {
    for (const preset of ['default', 'referenceCode'] as const) {
      const { listen, rows } = streamsOf(0, { preset, mixupP: 1 })
      const mixed = pairs(listen('ssl', 200).heard)
      const noisy = rows.noisySsl.length / (rows.noisySsl.length + rows.curatedTrain.length)
      const expected = preset === 'default' ? 0.5 : noisy
      const clips = mixed.map(([clip]) => clip)
      const partners = mixed.map(([, partner]) => partner)
      expect(noisy).toBeGreaterThan(0.75)
      expect(Math.abs(share(clips, 'noisy') - 0.5)).toBeLessThan(fiveSigma(0.5, mixed.length))
      expect(Math.abs(share(partners, 'noisy') - expected)).toBeLessThan(fiveSigma(expected, mixed.length))
    }
  })
})

/** Different rows of targets. */
const rowsOf = (targets: readonly { data: Float32Array }[]) =>
  new Set(targets.flatMap(({ data }) => everyPlace(data.length / 3).map((row) => data.subarray(row * 3, row * 3 + 3).join(' '))))

describe('targets', () => {
  it('the noisy stream has its own labels; the ssl stream curated labels and pseudo labels', () => {
    const { listen } = streamsOf(2)
    expect([...rowsOf(listen('curated', 5).targets)]).toEqual(['1 0 0'])
    expect([...rowsOf(listen('noisy', 5).targets)]).toEqual(['0 1 0'])
    expect([...rowsOf(listen('ssl', 9).targets)].toSorted()).toEqual(['0.25 0.25 0.25', '1 0 0'])
  })

  it('a model without losses for noisy clips has the curated stream alone; one without SSL has two', () => {
    const { config, settings, rows, store } = streamsOf(0)
    const alone = batchStreams(config, { ...settings, losses: { ...settings.losses, noisy: null }, ssl: null }, rows, null, store)
    expect(alone.map(({ name }) => name)).toEqual(['curated'])
    expect(streamsOf(0, { model: '4' }).streams.map(({ name }) => name)).toEqual(['curated', 'noisy'])
    expect(streamsOf(0).streams.map(({ name }) => name)).toEqual(['curated', 'noisy', 'ssl'])
  })
})

describe('baselines', () => {
  it('noisy clips taken as curated join the curated stream with their own labels', () => {
    const { config, settings, rows, store } = streamsOf(0)
    const joined = { ...settings, losses: { ...settings.losses, noisy: null }, ssl: null, noisyAsCurated: true }
    const streams = batchStreams(config, joined, rows, null, store)
    expect(streams.map(({ name }) => name)).toEqual(['curated'])
    const clips = rows.curatedTrain.length + store.splits.noisy.size
    const make = createBatchMaker(store, { seed: 3, input: 'logmel', streams })
    const targets = Array.from({ length: Math.ceil(clips / batch) }, (_, step) => make('curated', step).targets)
    const counts = { '1 0 0': 0, '0 1 0': 0 }
    for (const { data } of targets)
      for (let row = 0; row < data.length; row += 3) counts[data.subarray(row, row + 3).join(' ') as keyof typeof counts]++
    expect(counts).toEqual({ '1 0 0': rows.curatedTrain.length, '0 1 0': store.splits.noisy.size })
  })

  it.each(folds)(
    'fold %i: the two views of a consistency method are the same clips of the fold’s training side, never mixed, each with draws of its own',
    (fold) => {
      const { config, settings, rows, store } = streamsOf(fold, { mixupP: 1 })
      const consistency = { kind: 'mixmatch', weight: 1, batch, rampShare: 0, temperature: 0.5, alpha: 0.75 } as const
      const augment = { ...settings.augment, gainP: 1 }
      const streams = batchStreams(config, { ...settings, ssl: null, consistency, augment }, rows, null, store)
      expect(streams.map(({ name }) => name)).toEqual(['curated', 'noisy', ...viewNames])
      const [first, second] = viewNames.map((name) => {
        const { store: own, heard } = recordingStore()
        const make = createBatchMaker(own, { seed: 3, input: 'logmel', streams: streams.filter((stream) => stream.name === name) })
        const inputs = Array.from({ length: 150 }, (_, step) => make(name, step).input.data)
        return { heard, inputs }
      })
      expect(first.heard).toEqual(second.heard)
      expect(first.heard).toHaveLength(150 * batch)
      expect(placesOf(first.heard, 'noisy')).toEqual(rows.noisySsl)
      expect(placesOf(first.heard, 'curated')).toEqual([])
    },
  )
})

const augmentOf = (model: '1' | '4', change: object) => {
  const { config, settings, rows, store } = streamsOf(0, { model: model === '1' ? '2' : '4' })
  const augment = { ...settings.augment, additionalSlicing: true, mixupP: undefined, frequencyMaskP: undefined, ...change }
  return batchStreams(config, { ...settings, augment }, rows, new Float32Array(store.splits.noisy.size * 3), store)[0].augment
}

describe('single slips of the authors', () => {
  it('none: every step is the variant’s own', () => {
    expect(augmentOf('1', {})).toEqual({
      frames: 3,
      variant: 'default',
      additionalSlicing: true,
      mixup: true,
      gain: true,
      frequencyMask: true,
    })
    expect(augmentOf('4', {})).toEqual({ samples: 20, variant: 'default', mix: true, gain: true })
  })
  it('each changes its own step, chances stay', () => {
    expect(augmentOf('1', { slips: ['half-width-mask'], frequencyMaskP: 0.25 })).toMatchObject({
      frequencyMask: { semantics: 'half-width', minWidthBins: 8, maxWidthBins: 31, p: 0.25 },
      mixup: true,
      additionalSlicing: true,
    })
    expect(augmentOf('1', { slips: ['mel-axis-slice'] })).toMatchObject({ additionalSlicing: { axisBug: true }, frequencyMask: true })
    expect(augmentOf('1', { slips: ['mel-axis-slice'], additionalSlicing: false })).toMatchObject({ additionalSlicing: false })
    expect(augmentOf('4', { slips: ['self-mix'] })).toMatchObject({ mix: { selfMixBug: true }, gain: true })
    expect(augmentOf('1', { gainP: 0, mixupP: 0, frequencyMaskP: 0 })).toMatchObject({
      gain: { p: 0 },
      mixup: { p: 0 },
      frequencyMask: { p: 0 },
    })
  })
})

describe('passes', () => {
  it('keepLastBatch keeps the smaller batch at the end of a pass; without it a pass has full batches only', () => {
    for (const keepLastBatch of [true, false]) {
      const { listen, rows, settings } = streamsOf(0, { keepLastBatch })
      const clips = rows.curatedTrain.length
      const { stepsPerEpoch } = trainingLength(settings, clips, keepLastBatch)
      const rest = clips % batch
      expect(rest).toBeGreaterThan(0)
      expect(stepsPerEpoch).toBe(Math.floor(clips / batch) + Number(keepLastBatch))
      const { targets, heard } = listen('curated', 2 * stepsPerEpoch)
      const pass = [...Array.from({ length: Math.floor(clips / batch) }, () => batch), ...(keepLastBatch ? [rest] : [])]
      expect(targets.map(({ shape }) => shape[0])).toEqual([...pass, ...pass])
      // Either way no clip comes twice in a pass.
      const first = heard.slice(0, heard.length / 2).map(({ place }) => place)
      expect(new Set(first).size).toBe(first.length)
    }
  })

  it('a fold means the same clips with and without the bad ones', () => {
    const none = { curated: [], noisy: [], test: [] }
    for (const fold of folds) {
      const [all, good] = [none, badRows].map((bad) => streamsOf(fold, { bad }))
      for (const [split, side] of [
        ['curated', 'curatedTrain'],
        ['curated', 'curatedValid'],
        ['noisy', 'noisySsl'],
      ] as const) {
        const names = [all, good].map(({ rows, store }) => rows[side].map((place) => store.splits[split].names[place]))
        const bad = badRows[split].map((row) => `${split}-${row}`)
        expect(names[1]).toEqual(names[0].filter((name) => !bad.includes(name)))
      }
    }
  })
})
