import {
  type MelSpectrogramOptions,
  type PadMode,
  type Spectrogram,
  type WindowName,
  amplitudeToDb,
  dcase2019,
  hertzToMel,
  librosa,
  melFilterbank,
  melSpectrogram,
  melToHertz,
  powerToDb,
  readWav,
  standardize,
} from '@audiotag/melspec'
import { describe, expect, test } from 'vitest'
import { goldenBytes, goldenJson, goldenNpy } from './golden.js'

interface Settings {
  readonly sr: number
  readonly n_fft: number
  readonly hop_length: number
  readonly win_length: number | null
  readonly window: WindowName
  readonly center: boolean
  readonly pad_mode: PadMode
  readonly power: number
  readonly n_mels: number
  readonly fmin: number
  readonly fmax: number
  readonly htk: boolean
  readonly norm: 'slaney' | null
}
interface Config {
  readonly name: string
  readonly mel: Settings
  readonly decibels: { readonly function: string; readonly ref: number | 'max'; readonly amin: number; readonly top_db: number | null }
}
interface Sums {
  readonly sum: number
  readonly sumOfSquares: number
  readonly min: number
  readonly max: number
}
interface Case {
  readonly config: string
  readonly signal: string
  readonly file: string
  readonly frames: number
  readonly keptFrames: readonly number[]
  readonly whole: Readonly<Record<'mel' | 'decibels' | 'standardised', Sums>>
}

const { cases, configs } = goldenJson('melspec/cases.json') as { cases: Case[]; configs: Config[] }

const optionsOf = ({ mel }: Config): MelSpectrogramOptions => ({
  sampleRate: mel.sr,
  nFft: mel.n_fft,
  hopSamples: mel.hop_length,
  winLength: mel.win_length ?? mel.n_fft,
  window: mel.window,
  center: mel.center,
  padMode: mel.pad_mode,
  power: mel.power,
  mels: mel.n_mels,
  minHertz: mel.fmin,
  maxHertz: mel.fmax,
  scale: mel.htk ? 'htk' : 'slaney',
  norm: mel.norm ?? 'none',
})
const signal = (name: string): Float32Array => readWav(goldenBytes(`melspec/signals/${name}.wav`)).channelData[0]

const named = (name: string): MelSpectrogramOptions => optionsOf(configs.find((config) => config.name === name)!)

const near = (actual: number, expected: number): void => expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected))

function expectFrames(actual: Spectrogram, golden: Float32Array, keptFrames: readonly number[], allowed: (value: number) => number): void {
  for (let bin = 0; bin < actual.bins; bin++) {
    for (const [i, frame] of keptFrames.entries()) {
      const expected = golden[bin * keptFrames.length + i]
      const off = Math.abs(actual.data[bin * actual.frames + frame] - expected)
      if (!(off <= allowed(expected))) expect.fail(`bin ${bin}, frame ${frame}: off by ${off} from ${expected}`)
    }
  }
}

function expectSums({ data }: Spectrogram, golden: Sums): void {
  let sum = 0
  let sumOfSquares = 0
  for (const value of data) {
    sum += value
    sumOfSquares += value * value
  }
  expect(Math.abs(sum - golden.sum)).toBeLessThanOrEqual(1e-5 * Math.sqrt(data.length * golden.sumOfSquares))
  expect(Math.abs(sumOfSquares - golden.sumOfSquares)).toBeLessThanOrEqual(1e-5 * golden.sumOfSquares)
}

describe('mel, decibels and standardised values of librosa 0.11', () => {
  test('there are 37', () => expect(cases.length).toBe(37))

  test.each(cases)('$config, $signal', (golden) => {
    const config = configs.find(({ name }) => name === golden.config)!
    const mel = melSpectrogram(signal(golden.signal), optionsOf(config))
    expect([mel.bins, mel.frames]).toEqual([config.mel.n_mels, golden.frames])
    const { function: name, ref, amin, top_db } = config.decibels
    const toDb = name === 'power_to_db' ? powerToDb : amplitudeToDb
    const decibels = toDb(mel, { reference: ref, amin, topDb: top_db })
    const standardised = standardize(decibels)

    const { data, shape } = goldenNpy(`melspec/${golden.file}`)
    const plane = shape[1] * shape[2]
    expectFrames(mel, data.subarray(0, plane), golden.keptFrames, (value) => 1e-5 * Math.abs(value) + 1e-7 * golden.whole.mel.max)
    if (shape[0] === 3) {
      expectFrames(decibels, data.subarray(plane, 2 * plane), golden.keptFrames, () => 1e-4)
      expectFrames(standardised, data.subarray(2 * plane), golden.keptFrames, () => 1e-5)
    }
    expectSums(mel, golden.whole.mel)
    expectSums(decibels, golden.whole.decibels)
    expectSums(standardised, golden.whole.standardised)
  })

  test('presets are the configurations of their names', () => {
    expect({ ...dcase2019(), winLength: 2560 }).toEqual(named('paper'))
    expect({ ...librosa(), winLength: 2048, maxHertz: 11025 }).toEqual(named('librosa-defaults-22k'))
    expect(dcase2019({ mels: 64 }).mels).toBe(64)
    expect(Object.isFrozen(dcase2019()) && Object.isFrozen(librosa())).toBe(true)
    expect(melSpectrogram(signal('chirp-22050'), { sampleRate: 22050 })).toEqual(melSpectrogram(signal('chirp-22050'), librosa()))
  })
})

describe('clips shorter than nFft', () => {
  const { results } = goldenJson('melspec/too_short.json') as { results: { samples: number; padMode: PadMode | null; frames?: number }[] }

  test.each(results)('$samples samples, padded with $padMode', ({ samples, padMode, frames }) => {
    const clip = Float32Array.from({ length: samples }, (_, i) => Math.sin(i))
    const options = dcase2019(padMode === null ? { center: false } : { padMode })
    // Where librosa gives a frame for no samples at all, we give an error.
    if (frames === undefined || samples === 0) expect(() => melSpectrogram(clip, options)).toThrow(/samples?, got/)
    else expect(melSpectrogram(clip, options).frames).toBe(frames)
  })
})

describe('filterbanks and scales of librosa', () => {
  interface Bank {
    readonly config: string
    readonly bins: number
    readonly filters: readonly { readonly firstBin: number; readonly weights: readonly number[] }[]
  }

  test.each(goldenJson('melspec/filterbanks.json') as Bank[])('$config', ({ config, bins, filters }) => {
    const bank = melFilterbank(optionsOf(configs.find(({ name }) => name === config)!))
    expect([bank.bins, bank.mels]).toEqual([bins, filters.length])
    for (const [mel, { firstBin, weights }] of filters.entries()) {
      const own = bank.weights.subarray(bank.offsets[mel], bank.offsets[mel + 1])
      expect([mel, own.length]).toEqual([mel, weights.length])
      if (weights.length > 0) expect([mel, bank.firstBin[mel]]).toEqual([mel, firstBin])
      for (const [i, weight] of weights.entries()) expect(Math.abs(own[i] / weight - 1)).toBeLessThan(1e-9)
    }
  })

  test('the filterbank of the paper has 2515 weights, from 3 bins to 78', () => {
    const { offsets, weights, mels } = melFilterbank(dcase2019())
    const widths = Array.from({ length: mels }, (_, mel) => offsets[mel + 1] - offsets[mel])
    expect([weights.length, Math.min(...widths), Math.max(...widths)]).toEqual([2515, 3, 78])
  })

  test('scales', () => {
    const { hertzToMel: toMel, melToHertz: toHertz } = goldenJson('melspec/scales.json') as {
      hertzToMel: { hertz: number; slaney: number; htk: number }[]
      melToHertz: { mel: number; slaney: number; htk: number }[]
    }
    for (const { hertz, slaney, htk } of toMel) {
      near(hertzToMel(hertz), slaney)
      near(hertzToMel(hertz, 'htk'), htk)
    }
    for (const { mel, slaney, htk } of toHertz) {
      near(melToHertz(mel), slaney)
      near(melToHertz(mel, 'htk'), htk)
    }
    expect(toMel.length * toHertz.length).toBeGreaterThan(100)
  })
})
