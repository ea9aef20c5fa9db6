import {
  type MelSpectrogramOptions,
  type PadMode,
  type Spectrogram,
  MelspecError,
  amplitudeToDb,
  dcase2019,
  makeWindow,
  melFilterbank,
  melSpectrogram,
  powerToDb,
  standardize,
  stftPower,
} from '@audiotag/melspec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const clips = (minLength: number, maxLength: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength, maxLength, min: -1, max: 1, noNaN: true })
const noise = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.7) * Math.cos(i / 300))

const spectrogram = (values: ArrayLike<number>): Spectrogram => ({ data: Float32Array.from(values), bins: 1, frames: values.length })

describe('stftPower', () => {
  test('Parseval: the bins of a frame hold its energy', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 700 }), clips(700, 900), (nFft, samples) => {
        const { data, bins, frames } = stftPower(samples, { nFft, hopSamples: nFft, window: 'rectangular', center: false })
        for (let frame = 0; frame < frames; frame++) {
          let energy = 0
          for (let n = 0; n < nFft; n++) energy += samples[frame * nFft + n] ** 2
          let sum = 0
          for (let bin = 0; bin < bins; bin++) sum += data[bin * frames + frame] * (bin === 0 || 2 * bin === nFft ? 1 : 2)
          expect(Math.abs(sum / nFft - energy)).toBeLessThanOrEqual(1e-5 * energy + 1e-30)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('frame counts: 1 + ⌊n / hop⌋ for even nFft, 1 + ⌊(n − 1) / hop⌋ for odd', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 64 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 300 }),
        (nFft, hopSamples, samples) => {
          const { frames, bins } = stftPower(new Float32Array(samples), { nFft, hopSamples })
          expect([bins, frames]).toEqual([1 + Math.floor(nFft / 2), 1 + Math.floor((samples - (nFft % 2)) / hopSamples)])
        },
      ),
    )
  })

  test('a slice of a clip has the frames of the clip, bit for bit', () => {
    const samples = noise(20000)
    const options = { nFft: 2560, hopSamples: 347, center: false }
    const whole = stftPower(samples, options)
    for (const start of [1, 2, 7]) {
      const part = stftPower(samples.subarray(start * 347), options)
      for (let bin = 0; bin < whole.bins; bin++) {
        const row = whole.data.subarray(bin * whole.frames + start, (bin + 1) * whole.frames)
        expect(part.data.subarray(bin * part.frames, (bin + 1) * part.frames)).toEqual(row)
      }
    }
  })

  test('centred frames are those of a clip that was padded by hand, as numpy.pad does', () => {
    const byHand: Record<PadMode, (samples: readonly number[]) => number[]> = {
      constant: (x) => [0, 0, 0, 0, ...x, 0, 0, 0, 0],
      edge: (x) => [x[0], x[0], x[0], x[0], ...x, x[2], x[2], x[2], x[2]],
      wrap: (x) => [x[2], x[0], x[1], x[2], ...x, x[0], x[1], x[2], x[0]],
      reflect: (x) => [x[0], x[1], x[2], x[1], ...x, x[1], x[0], x[1], x[2]],
      symmetric: (x) => [x[2], x[2], x[1], x[0], ...x, x[2], x[1], x[0], x[0]],
    }
    for (const padMode of Object.keys(byHand) as PadMode[]) {
      const padded = Float32Array.from(byHand[padMode]([0.3, -0.7, 0.9]))
      const expected = stftPower(padded, { nFft: 8, hopSamples: 1, center: false })
      expect(stftPower(Float32Array.of(0.3, -0.7, 0.9), { nFft: 8, hopSamples: 1, padMode })).toEqual(expected)
    }
  })

  test('a tone lies in its bin; exponent 1 is the root of exponent 2, 3 its cube', () => {
    const samples = Float32Array.from({ length: 4096 }, (_, i) => Math.sin((2 * Math.PI * 12 * i) / 256))
    const options = { nFft: 256, hopSamples: 128, center: false }
    const power = stftPower(samples, options)
    const column = Array.from({ length: power.bins }, (_, bin) => power.data[bin * power.frames + 5])
    expect(column.indexOf(Math.max(...column))).toBe(12)
    // A periodic Hann window sums to nFft / 2; a sine of amplitude 1 has half of that in its bin.
    expect(column[12]).toBeCloseTo(64 ** 2, 0)
    const amplitude = stftPower(samples, { ...options, power: 1 })
    const cube = stftPower(samples, { ...options, power: 3 })
    for (let i = 12 * power.frames; i < 13 * power.frames; i++) {
      expect(amplitude.data[i]).toBeCloseTo(Math.sqrt(power.data[i]), 4)
      expect(cube.data[i] / amplitude.data[i] ** 3).toBeCloseTo(1, 5)
    }
  })

  test('a window as an array, and one shorter than nFft, centred', () => {
    const samples = noise(500)
    const named = stftPower(samples, { nFft: 64, hopSamples: 16, winLength: 20, window: 'hamming' })
    expect(stftPower(samples, { nFft: 64, hopSamples: 16, winLength: 20, window: makeWindow('hamming', 20) })).toEqual(named)
    const zeros = new Float64Array(64)
    zeros.set(makeWindow('hamming', 20), 22)
    expect(stftPower(samples, { nFft: 64, hopSamples: 16, window: zeros })).toEqual(named)
  })
})

describe('melSpectrogram', () => {
  test('is the filterbank applied to the power', () => {
    const options: MelSpectrogramOptions = { sampleRate: 16000, nFft: 400, hopSamples: 160, mels: 20, minHertz: 50 }
    const samples = noise(3000)
    const power = stftPower(samples, options)
    const mel = melSpectrogram(samples, options)
    const { firstBin, offsets, weights } = melFilterbank(options)
    for (let row = 0; row < 20; row++) {
      for (let frame = 0; frame < mel.frames; frame++) {
        let sum = 0
        for (let i = offsets[row]; i < offsets[row + 1]; i++)
          sum += weights[i] * power.data[(firstBin[row] + i - offsets[row]) * power.frames + frame]
        expect(Math.abs(mel.data[row * mel.frames + frame] - sum)).toBeLessThanOrEqual(1e-6 * sum)
      }
    }
  })

  test('power is never negative; g times the samples is g² times the power, 20 log₁₀ g more decibels', () => {
    fc.assert(
      fc.property(clips(1, 4000), fc.constantFrom(0.5, 2, 4, 0.125), (samples, g) => {
        const options = dcase2019()
        const mel = melSpectrogram(samples, options)
        const louder = melSpectrogram(
          samples.map((value) => value * g),
          options,
        )
        expect(mel.data.every((value) => value >= 0)).toBe(true)
        // A power of two scales float32 exactly, but for what falls below its range.
        for (let i = 0; i < mel.data.length; i++) if (mel.data[i] > 1e-30) expect(louder.data[i]).toBe(Math.fround(mel.data[i] * g * g))
        const noFloor = { amin: 1e-38, topDb: null }
        const [db, louderDb] = [powerToDb(mel, noFloor), powerToDb(louder, noFloor)]
        for (let i = 0; i < mel.data.length; i++)
          if (mel.data[i] > 1e-30) expect(louderDb.data[i] - db.data[i]).toBeCloseTo(20 * Math.log10(g), 3)
      }),
      { numRuns: 25 },
    )
  })

  test('input is left alone; frozen options give the same as loose ones, again and again', () => {
    const samples = noise(5000)
    const before = samples.slice()
    const frozen = dcase2019()
    const first = melSpectrogram(samples, frozen)
    melSpectrogram(noise(9000), frozen)
    expect(melSpectrogram(samples, frozen)).toEqual(first)
    expect(melSpectrogram(samples, { ...frozen })).toEqual(first)
    expect(samples).toEqual(before)
  })

  test('loose options may change between calls', () => {
    const options = { ...dcase2019() }
    const samples = noise(3000)
    melSpectrogram(samples, options)
    expect(melSpectrogram(samples, Object.assign(options, { mels: 40 })).bins).toBe(40)
  })

  test.each([
    [{ nFft: 1 }, 'melSpectrogram: nFft must be an integer of at least 2, got 1.'],
    [{ nFft: 2560.5 }, 'nFft must be an integer'],
    [{ hopSamples: 0 }, 'melSpectrogram: hopSamples must be an integer of at least 1, got 0.'],
    [{ winLength: 2561 }, 'melSpectrogram: winLength must be an integer from 1 to nFft (2560), got 2561.'],
    [{ window: [1, 2] }, 'melSpectrogram: window must have winLength (2560) values, got 2.'],
    [{ window: new Float64Array(2560).fill(NaN) }, 'melSpectrogram: window must hold finite numbers'],
    [{ window: 'kaiser' as 'hann' }, 'makeWindow: window must be hann, hamming, blackman, rectangular, or an array, got "kaiser".'],
    [{ padMode: 'mirror' as 'edge' }, 'melSpectrogram: padMode must be constant, edge, wrap, reflect, symmetric, got "mirror".'],
    [{ padMode: 'toString' as 'edge' }, 'got "toString"'],
    [{ power: 0 }, 'melSpectrogram: power must be above 0, got 0.'],
    [{ mels: 0 }, 'melFilterbank: mels must be an integer of at least 1, got 0.'],
    [{ minHertz: -1 }, 'melFilterbank: minHertz must be at least 0, got -1.'],
    [{ minHertz: NaN }, 'melFilterbank: minHertz must be at least 0, got NaN.'],
    [{ minHertz: 22050 }, 'melFilterbank: maxHertz must be above minHertz (22050 Hz), got 22050.'],
    [{ sampleRate: 22050 }, 'melFilterbank: maxHertz must be at most sampleRate / 2 (11025 Hz at 22050 Hz), got 22050. Lower maxHertz.'],
    [{ sampleRate: 0 }, 'melFilterbank: sampleRate must be above 0 Hz, got 0.'],
    [{ scale: 'bark' as 'htk' }, "melFilterbank: scale must be 'slaney' or 'htk', got bark."],
    [{ norm: 1 as unknown as 'none' }, "melFilterbank: norm must be 'slaney' or 'none', got 1."],
  ] satisfies [Partial<MelSpectrogramOptions>, string][])('refuses %j', (overrides, message) => {
    expect(() => melSpectrogram(noise(3000), dcase2019(overrides))).toThrow(message)
    expect(() => melSpectrogram(noise(3000), dcase2019(overrides))).toThrow(MelspecError)
  })

  test('refuses samples that are not finite, none, and too few', () => {
    const samples = noise(3000)
    samples[1234] = -Infinity
    expect(() => melSpectrogram(samples, dcase2019())).toThrow('melSpectrogram: samples must be finite, got -Infinity at sample 1234.')
    expect(() => melSpectrogram(new Float32Array(0), dcase2019())).toThrow('melSpectrogram: a clip must have at least 1 sample, got 0.')
    expect(() => melSpectrogram(new Float32Array(9), dcase2019({ center: false }))).toThrow(
      'without centring a clip must have at least nFft (2560) samples, got 9. Pad the clip, or use { center: true }.',
    )
  })
})

describe('melFilterbank', () => {
  test('filters lie between their edges, overlap in pairs, and with Slaney norm have area 1', () => {
    const options = { sampleRate: 44100, nFft: 16384, mels: 40, minHertz: 300, maxHertz: 8000 }
    const { firstBin, offsets, weights, mels } = melFilterbank(options)
    const step = 44100 / 16384
    for (let mel = 0; mel < mels; mel++) {
      const own = weights.subarray(offsets[mel], offsets[mel + 1])
      expect(firstBin[mel] * step).toBeGreaterThan(300)
      expect((firstBin[mel] + own.length - 1) * step).toBeLessThan(8000)
      expect(own.every((weight) => weight > 0)).toBe(true)
      expect(own.reduce((sum, weight) => sum + weight, 0) * step).toBeCloseTo(1, 1)
    }
    // Without norm neighbouring triangles add up to 1.
    const bank = melFilterbank({ ...options, norm: 'none' })
    const total = new Float64Array(bank.bins)
    for (let mel = 0; mel < mels; mel++)
      for (let i = bank.offsets[mel]; i < bank.offsets[mel + 1]; i++) total[bank.firstBin[mel] + i - bank.offsets[mel]] += bank.weights[i]
    expect(total[Math.round(3000 / step)]).toBeCloseTo(1, 10)
  })
})

describe('powerToDb, amplitudeToDb', () => {
  test('equals 10 log₁₀ of every float32', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 50, min: 0, noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(1e-10, 1e-40, 1e-300, 1e-5, 1, 50),
        (values, amin) => {
          const { data } = powerToDb(spectrogram(values), { amin, topDb: null })
          for (const [i, value] of values.entries())
            expect(data[i]).toBeCloseTo(10 * Math.log10(Math.max(amin, value)) - 10 * Math.log10(Math.max(amin, 1)), 4)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is within float32 of 10 log₁₀ over the whole range, and never falls', () => {
    const values = Float32Array.from({ length: 200_000 }, (_, i) => 10 ** (-12 + (i * 16) / 200_000))
    const { data } = powerToDb(spectrogram(values), { amin: 1e-20, topDb: null })
    for (let i = 0; i < values.length; i++) {
      const exact = 10 * Math.log10(values[i])
      if (Math.abs(data[i] - exact) > 8e-6 || data[i] < data[i - 1]) expect.fail(`${values[i]}: ${data[i]}, not ${exact}`)
    }
  })

  test('reference, floor and silence', () => {
    const values = [1e-12, 1e-3, 4, 0]
    expect(powerToDb(spectrogram(values), { topDb: null }).data[0]).toBe(-100)
    expect([...powerToDb(spectrogram(values), { topDb: 20 }).data].map(Math.round)).toEqual([-14, -14, 6, -14])
    expect(powerToDb(spectrogram(values), { reference: 'max' }).data[2]).toBe(0)
    expect(powerToDb(spectrogram(values), { reference: 4 })).toEqual(powerToDb(spectrogram(values), { reference: 'max' }))
    expect([...powerToDb(spectrogram([0, 0])).data]).toEqual([-100, -100])
    expect([...powerToDb(spectrogram([0, 0]), { reference: 'max' }).data]).toEqual([0, 0])
    expect(powerToDb(spectrogram([1, 0.1])).data[0]).toBe(0)
    const amplitudes = spectrogram([0.5, 2, 1e-7])
    expect(amplitudeToDb(amplitudes).data[1]).toBeCloseTo(20 * Math.log10(2), 5)
    expect(amplitudeToDb(amplitudes, { topDb: null }).data[2]).toBeCloseTo(-100, 4)
    expect(powerToDb({ data: new Float32Array(0), bins: 4, frames: 0 })).toEqual({ data: new Float32Array(0), bins: 4, frames: 0 })
  })

  test('refuses what has no decibels', () => {
    expect(() => powerToDb(spectrogram([1]), { amin: 0 })).toThrow('powerToDb: amin must be above 0, got 0.')
    expect(() => powerToDb(spectrogram([1]), { reference: -1 })).toThrow("powerToDb: reference must be above 0 or 'max', got -1.")
    expect(() => amplitudeToDb(spectrogram([1]), { topDb: -1 })).toThrow(
      'amplitudeToDb: topDb must be at least 0, or null for no floor, got -1.',
    )
    expect(() => powerToDb(spectrogram([1, NaN]))).toThrow('powerToDb: values must be finite, got NaN at 1.')
    expect(() => powerToDb(spectrogram([1, -2]))).toThrow('powerToDb: values must be at least 0, got -2 at 1.')
  })
})

describe('standardize', () => {
  test('mean 0, population deviation 1; input left alone', () => {
    fc.assert(
      fc.property(clips(2, 200), (values) => {
        const before = values.slice()
        const { data } = standardize({ data: values, bins: 1, frames: values.length })
        expect(values).toEqual(before)
        const mean = data.reduce((sum, value) => sum + value, 0) / data.length
        expect(Math.abs(mean)).toBeLessThan(1e-4)
        const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
        const own = Math.sqrt(
          values.reduce((sum, value) => sum + value * value, 0) / values.length -
            (values.reduce((sum, value) => sum + value, 0) / values.length) ** 2,
        )
        if (own > 1e-3) expect(deviation).toBeCloseTo(1, 3)
      }),
    )
  })

  test('one value throughout becomes 0 throughout', () => {
    expect([...standardize({ data: new Float32Array(6).fill(-100), bins: 2, frames: 3 }).data]).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('refuses NaN and nothing', () => {
    expect(() => standardize({ data: Float32Array.of(1, NaN), bins: 1, frames: 2 })).toThrow('standardize: values must be finite')
    expect(() => standardize({ data: new Float32Array(0), bins: 1, frames: 0 })).toThrow(MelspecError)
  })
})

describe('makeWindow', () => {
  test('periodic windows: symmetric but for the first value, 1 in the middle', () => {
    for (const name of ['hann', 'hamming', 'blackman', 'rectangular'] as const) {
      const window = makeWindow(name, 64)
      expect(window[32]).toBeCloseTo(1, 12)
      for (let n = 1; n < 64; n++) expect(window[n]).toBe(window[64 - n])
      expect([...makeWindow(name, 1)]).toEqual([1])
    }
    expect(makeWindow('hann', 7)[3]).toBeCloseTo(0.5 - 0.5 * Math.cos((6 * Math.PI) / 7), 14)
    expect(() => makeWindow('hann', 0)).toThrow('makeWindow: length must be an integer of at least 1, got 0.')
  })
})
