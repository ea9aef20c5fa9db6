import { createRng, gainSamples, padSamples, sampleInfo, scaleSamples, sliceSamples, whiteNoise } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { moments, noiseWaveform, seed, waveform } from './arbitraries.js'

describe('sliceSamples', () => {
  test.each(['bothSides', 'ifShort'] as const)('%s: a window of the clip, silence around it, never only silence', (padding) => {
    fc.assert(
      fc.property(
        waveform,
        seed,
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('included' as const, 'excluded' as const),
        (clip, drawn, samples, lastOffset) => {
          const slicer = sliceSamples({ samples, padding, lastOffset })
          const { startSample, keptSamples, offsetSample } = slicer.draw(createRng(drawn), sampleInfo(clip))!
          const slice = slicer.apply(clip, { startSample, keptSamples, offsetSample }).samples
          const expected = new Float32Array(samples)
          expected.set(clip.samples.subarray(startSample, startSample + keptSamples), offsetSample)
          expect(slice).toEqual(expected)
          const least = padding === 'ifShort' ? samples : Math.ceil(samples / 2)
          expect(keptSamples).toBeGreaterThanOrEqual(Math.min(clip.samples.length, least))
        },
      ),
    )
  })

  test.each([
    [100, 'included'],
    [101, 'included'],
    [100, 'excluded'],
  ] as const)(
    'bothSides, %d samples, last offset %s: every window of the clip with half a slice of zeros on both sides',
    (samples, lastOffset) => {
      const length = 40
      const clip = noiseWaveform(length, 9)
      const pad = Math.floor(samples / 2)
      const padded = new Float32Array(length + 2 * pad)
      padded.set(clip.samples, pad)
      const windows = new Set(
        Array.from({ length: padded.length - samples + (lastOffset === 'included' ? 1 : 0) }, (_, shift) =>
          padded.slice(shift, shift + samples).join(),
        ),
      )
      const slicer = sliceSamples({ samples, lastOffset })
      const rng = createRng('all')
      const seen = new Set(Array.from({ length: 3000 }, () => slicer.apply(clip, slicer.draw(rng, sampleInfo(clip))).samples.join()))
      expect([...seen].sort()).toEqual([...windows].sort())
    },
  )
})

describe('padSamples', () => {
  test.each(['random', 'start', 'center', 'end'] as const)('%s: the clip is inside, the length is right', (placement) => {
    fc.assert(
      fc.property(waveform, seed, fc.nat(20), fc.nat(400), (clip, drawn, eachSideSamples, minSamples) => {
        const pad = padSamples({ eachSideSamples, minSamples, placement })
        const params = pad.draw(createRng(drawn), sampleInfo(clip))!
        const { samples } = pad.apply(clip, params)
        expect(samples.length).toBe(Math.max(minSamples, clip.samples.length + 2 * eachSideSamples))
        expect(samples.slice(params.beforeSamples, params.beforeSamples + clip.samples.length)).toEqual(clip.samples)
        expect(samples.filter((value) => value !== 0).length).toBe(clip.samples.length)
        expect(params.beforeSamples).toBeGreaterThanOrEqual(eachSideSamples)
        const missing = samples.length - clip.samples.length - 2 * eachSideSamples
        const before = params.beforeSamples - eachSideSamples
        if (placement !== 'random') expect(before).toBe({ start: 0, center: Math.floor(missing / 2), end: missing }[placement])
      }),
    )
  })
})

describe('scaleSamples', () => {
  test('the logarithm of the factor is uniform over 0.8 to 1.25', () => {
    const scale = scaleSamples()
    const rng = createRng('scale')
    const { mean, variance } = moments(20_000, () => Math.log(scale.draw(rng, { samples: 10 })!.factor) / Math.log(1.25))
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(3 * 20_000))
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(0.01)
  })

  test('linear: a ramp stays a ramp of another slope; nearest: the sample at or before', () => {
    const ramp = { samples: Float32Array.from({ length: 100 }, (_, i) => i), sampleRate: 8000 }
    const linear = scaleSamples().apply(ramp, { factor: 1.25 }).samples
    expect(linear.length).toBe(125)
    linear.forEach((value, i) => expect(value).toBeCloseTo(Math.min(99, i / 1.25), 4))
    const nearest = scaleSamples({ interpolation: 'nearest' }).apply(ramp, { factor: 0.8 }).samples
    expect([...nearest]).toEqual(Array.from({ length: 80 }, (_, i) => Math.floor(i / 0.8)))
  })

  test('factor 1 is identity, and one sample stays one sample', () => {
    const clip = noiseWaveform(50, 4)
    expect(scaleSamples().apply(clip, { factor: 1 })).toEqual(clip)
    expect(scaleSamples().apply(noiseWaveform(1, 1), { factor: 0.8 }).samples.length).toBe(1)
  })

  test('linear interpolation never leaves the range of the clip', () => {
    fc.assert(
      fc.property(waveform, fc.double({ min: 0.8, max: 1.25, noNaN: true }), (clip, factor) => {
        const scaled = scaleSamples().apply(clip, { factor }).samples
        expect(Math.max(...scaled)).toBeLessThanOrEqual(Math.max(...clip.samples))
        expect(Math.min(...scaled)).toBeGreaterThanOrEqual(Math.min(...clip.samples))
      }),
    )
  })
})

describe('gainSamples', () => {
  test('uniform in dB, 0.501 to 1.995', () => {
    const gain = gainSamples()
    const rng = createRng('gain')
    const decibels = Array.from({ length: 20_000 }, () => 20 * Math.log10(gain.draw(rng, {})!.factor))
    expect(Math.min(...decibels)).toBeLessThan(-5.99)
    expect(Math.max(...decibels)).toBeGreaterThan(5.99)
    expect(Math.abs(decibels.reduce((a, b) => a + b) / decibels.length)).toBeLessThan((5 * 12) / Math.sqrt(12 * 20_000))
  })

  test('every sample by the same factor', () => {
    const clip = noiseWaveform(20, 4)
    expect(gainSamples().apply(clip, { factor: 0.5 }).samples).toEqual(clip.samples.map((value) => value / 2))
  })
})

describe('whiteNoise', () => {
  const params = { signalToNoiseDecibels: 20, noiseSeed: 7 }
  const clip = { samples: Float32Array.from({ length: 40_000 }, (_, i) => 0.5 * Math.sin(i / 9)), sampleRate: 16_000 }
  const noise = whiteNoise()
    .apply(clip, params)
    .samples.map((value, i) => value - clip.samples[i])

  test('has the power it says, mean 0, and no correlation from sample to sample', () => {
    const power = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length
    expect(Math.abs(10 * Math.log10(0.125 / power) - 20)).toBeLessThan(0.15)
    expect(Math.abs(noise.reduce((sum, value) => sum + value, 0) / noise.length)).toBeLessThan(5 * Math.sqrt(power / noise.length))
    let product = 0
    for (let i = 1; i < noise.length; i++) product += noise[i] * noise[i - 1]
    expect(Math.abs(product / noise.length / power)).toBeLessThan(5 / Math.sqrt(noise.length))
  })

  test('another seed is other noise; silence stays silence', () => {
    expect(whiteNoise().apply(clip, { ...params, noiseSeed: 8 })).not.toEqual(whiteNoise().apply(clip, params))
    const silence = { samples: new Float32Array(10), sampleRate: 16_000 }
    expect([...whiteNoise().apply(silence, params).samples]).toEqual(Array.from({ length: 10 }, () => 0))
  })
})
