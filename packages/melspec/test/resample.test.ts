import { MelspecError, resample } from '@audiotag/melspec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goldenJson } from './golden.js'

interface Case {
  readonly kind: 'tones' | 'sweep'
  readonly from: number
  readonly closedForm: {
    readonly hertz?: number[]
    readonly phases?: number[]
    readonly fromHertz?: number
    readonly toHertz?: number
    readonly seconds?: number
    readonly amplitude: number
  }
  readonly inputSamples: number
  readonly snrDecibels: { readonly againstClosedForm: Record<string, number> }
}

const { cases } = goldenJson('audio/resample.json') as { cases: Case[] }

const truthOf = ({ closedForm: f }: Case): ((seconds: number) => number) => {
  if (f.hertz) return (t) => f.amplitude * f.hertz!.reduce((sum, hertz, i) => sum + Math.sin(2 * Math.PI * hertz * t + f.phases![i]), 0)
  const rate = (f.toHertz! - f.fromHertz!) / f.seconds!
  return (t) => f.amplitude * Math.sin(2 * Math.PI * (f.fromHertz! * t + (rate * t * t) / 2))
}

/** Signal to noise in dB over the central 80 %. */
const signalToNoise = (actual: Float32Array, truth: (i: number) => number): number => {
  let signal = 0
  let noise = 0
  for (let i = Math.ceil(actual.length * 0.1); i < actual.length * 0.9; i++) {
    signal += truth(i) ** 2
    noise += (actual[i] - truth(i)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

const tone = (hertz: number, sampleRate: number, samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / sampleRate))

const level = (samples: Float32Array): number => {
  const middle = samples.subarray(Math.ceil(samples.length * 0.1), Math.floor(samples.length * 0.9))
  return 10 * Math.log10((2 * middle.reduce((sum, value) => sum + value * value, 0)) / middle.length)
}

describe('resample', () => {
  test('there are golden signals', () => expect(cases.length).toBe(10))

  test.each(cases)('$kind from $from Hz: better than soxr HQ, and above 140 dB', (golden) => {
    const truth = truthOf(golden)
    const samples = Float32Array.from({ length: golden.inputSamples }, (_, i) => truth(i / golden.from))
    const result = resample(samples, { fromHertz: golden.from, toHertz: 44100 })
    expect(result.length).toBe(Math.ceil((golden.inputSamples * 44100) / golden.from))
    const decibels = signalToNoise(result, (i) => truth(i / 44100))
    expect(decibels).toBeGreaterThan(golden.snrDecibels.againstClosedForm['soxr HQ'])
    expect(decibels).toBeGreaterThan(140)
  })

  test.each([
    [48000, 44100],
    [44100, 22050],
    [44100, 16000],
    [96000, 44100],
  ])('from %i to %i Hz: nothing above the new Nyquist frequency is folded back', (fromHertz, toHertz) => {
    for (const share of [1.003, 1.02, 1.05]) {
      const hertz = (toHertz / 2) * share
      if (hertz < fromHertz / 2) expect(level(resample(tone(hertz, fromHertz, 12000), { fromHertz, toHertz }))).toBeLessThan(-125)
    }
    for (const share of [0.01, 0.5, 0.9]) {
      expect(Math.abs(level(resample(tone((toHertz / 2) * share, fromHertz, 24000), { fromHertz, toHertz })))).toBeLessThan(0.02)
    }
  })

  test('upsampling leaves no image above the old Nyquist frequency', () => {
    const result = resample(tone(7000, 16000, 8000), { fromHertz: 16000, toHertz: 48000 })
    const truth = tone(7000, 48000, 24000)
    expect(signalToNoise(result, (i) => truth[i])).toBeGreaterThan(125)
  })

  test('rates with no useful common divisor: phases are interpolated, as good', () => {
    const truth = tone(1000, 44099, 9000)
    const result = resample(tone(1000, 44100, 9000), { fromHertz: 44100, toHertz: 44099 })
    expect(signalToNoise(result.subarray(0, 9000), (i) => truth[i])).toBeGreaterThan(130)
    expect(level(resample(tone(15999 / 2 + 200, 44100, 12000), { fromHertz: 44100, toHertz: 15999 }))).toBeLessThan(-125)
  })

  test('length, constants, linearity, determinism', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom(8000, 11025, 16000, 22050, 44100, 48000),
        fc.constantFrom(8000, 16000, 44100),
        (length, fromHertz, toHertz) => {
          const samples = tone(440, fromHertz, length)
          const before = samples.slice()
          const result = resample(samples, { fromHertz, toHertz })
          expect(result.length).toBe(Math.ceil((length * toHertz) / fromHertz))
          expect(samples).toEqual(before)
          expect(resample(samples, { fromHertz, toHertz })).toEqual(result)
          const half = resample(
            samples.map((value) => value / 2),
            { fromHertz, toHertz },
          )
          expect(half).toEqual(result.map((value) => value / 2))
        },
      ),
      { numRuns: 40 },
    )
    const ones = resample(new Float32Array(4000).fill(1), { fromHertz: 48000, toHertz: 44100 })
    expect(Math.max(...ones.subarray(500, 3000).map((value) => Math.abs(value - 1)))).toBeLessThan(1e-6)
  })

  test('equal rates give a copy; nothing gives nothing', () => {
    const samples = Float32Array.of(1, 2, 3)
    const copy = resample(samples, { fromHertz: 8000, toHertz: 8000 })
    expect(copy).toEqual(samples)
    expect(copy).not.toBe(samples)
    expect(resample(new Float32Array(0), { fromHertz: 8000, toHertz: 44100 }).length).toBe(0)
  })

  test('one sample stays in place', () => {
    const result = resample(Float32Array.of(1), { fromHertz: 22050, toHertz: 44100 })
    expect(result.length).toBe(2)
    expect(result[0]).toBeCloseTo(0.955, 3)
  })

  test('refuses rates and samples it cannot use', () => {
    for (const hertz of [0, -1, 44100.5, NaN, Infinity]) {
      expect(() => resample(new Float32Array(3), { fromHertz: hertz, toHertz: 8000 })).toThrow(
        `resample: fromHertz must be a whole number of Hz, at least 1, got ${hertz}.`,
      )
      expect(() => resample(new Float32Array(3), { fromHertz: 8000, toHertz: hertz })).toThrow(MelspecError)
    }
    expect(() => resample(Float32Array.of(0, NaN), { fromHertz: 8000, toHertz: 44100 })).toThrow(
      'resample: samples must be finite, got NaN at sample 1.',
    )
  })
})
