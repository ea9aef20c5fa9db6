import type { Example, Spectrogram, Waveform } from '@audiotag/augment'
import { bcLearning, clipGain, createRng, describe as describeMixer, fromJSON, mixup } from '@audiotag/augment'
import type { Mixer } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bits, moments, noiseSpectrogram, noiseWaveform, seed, throughJson } from './arbitraries.js'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const labels = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 5, maxLength: 5 }).map((values) => Float32Array.from(values))
const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)
const pairOf = <Input extends Spectrogram | Waveform>(one: Input, two: Input) =>
  fc.tuple(labels, labels).map(([a, b]): [Example<Input>, Example<Input>] => [
    { input: one, labels: a },
    { input: two, labels: b },
  ])
const spectrograms = pairOf(noiseSpectrogram(5, 7, 1), noiseSpectrogram(5, 7, 2))
const waveforms = pairOf(noiseWaveform(3000, 1), noiseWaveform(3000, 2))

describe('mixup', () => {
  test('inputs and labels by one λ; label mass is kept; nothing is touched', () => {
    fc.assert(
      fc.property(spectrograms, share, ([first, second], lambda) => {
        const before = [first, second].map((example) => bits(example))
        const mixed = mixup().apply(first, second, throughJson({ lambda }))
        expect(mixed.input.data).toEqual(first.input.data.map((value, i) => lambda * value + (1 - lambda) * second.input.data[i]))
        expect(sum(mixed.labels)).toBeCloseTo(lambda * sum(first.labels) + (1 - lambda) * sum(second.labels), 5)
        expect([first, second].map((example) => bits(example))).toEqual(before)
      }),
    )
  })

  test('λ = 1 is the first, λ = 0 the second, null a copy of the first; also for waveforms', () => {
    fc.assert(
      fc.property(spectrograms, waveforms, ([a, b], [c, d]) => {
        for (const params of [{ lambda: 1 }, null]) {
          const copy = mixup().apply(a, b, params)
          expect(copy).toEqual(a)
          expect(copy.input.data).not.toBe(a.input.data)
          expect(copy.labels).not.toBe(a.labels)
          expect(mixup<Waveform>().apply(c, d, params)).toEqual(c)
        }
        expect(mixup().apply(a, b, { lambda: 0 })).toEqual(b)
        expect(mixup<Waveform>().apply(c, d, { lambda: 0 })).toEqual(d)
      }),
      { numRuns: 10 },
    )
  })

  test('union: every label of either, whatever λ', () => {
    fc.assert(
      fc.property(spectrograms, share, ([first, second], lambda) => {
        expect(mixup({ labels: 'union' }).apply(first, second, { lambda }).labels).toEqual(
          first.labels.map((value, i) => Math.max(value, second.labels[i])),
        )
      }),
    )
  })

  test('λ is uniform for α 1, and comes with probability p', () => {
    const mixer = mixup({ p: 0.5 })
    const rng = createRng('lambda')
    const lambdas: number[] = []
    for (let i = 0; i < 40_000; i++) {
      const params = mixer.draw(rng)
      if (params !== null) lambdas.push(params.lambda)
    }
    expect(Math.abs(lambdas.length / 40_000 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 40_000))
    let i = 0
    const { mean, variance } = moments(lambdas.length, () => lambdas[i++])
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.011)
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002)
  })
})

describe('bcLearning', () => {
  test.each(['A', 'rms', 'int16-rms'] as const)(
    '%s: ratio 1 is the first, 0 the second; label mass is kept; nothing is touched',
    (gain) => {
      fc.assert(
        fc.property(waveforms, share, ([first, second], ratio) => {
          const before = [first, second].map((example) => bits(example))
          const mixer = bcLearning({ gain })
          expect(bits(mixer.apply(first, second, { ratio: 1 }))).toBe(bits(first))
          expect(bits(mixer.apply(first, second, { ratio: 0 }))).toBe(bits(second))
          const mixed = mixer.apply(first, second, { ratio })
          expect(sum(mixed.labels)).toBeCloseTo(ratio * sum(first.labels) + (1 - ratio) * sum(second.labels), 5)
          expect([first, second].map((example) => bits(example))).toEqual(before)
        }),
        { numRuns: 10 },
      )
    },
  )

  test('a softer clip gets the larger share of the samples: loudness counts, not amplitude', () => {
    const loud = { input: noiseWaveform(3000, 1), labels: Float32Array.of(1, 0) }
    const soft = {
      input: { ...noiseWaveform(3000, 2), samples: noiseWaveform(3000, 2).samples.map((x) => x / 100) },
      labels: Float32Array.of(0, 1),
    }
    const mixed = bcLearning().apply(loud, soft, { ratio: 0.5 }).input.samples
    // half loud, half soft: both come out about as loud as the soft one
    const gain = clipGain(mixed, { sampleRate: 16_000, mode: 'rms' }) - clipGain(soft.input.samples, { sampleRate: 16_000, mode: 'rms' })
    expect(gain).toBeGreaterThan(0)
    expect(gain).toBeLessThan(7)
  })

  test('selfMixBug: the first clip alone, up to 3.01 dB louder (1.87 dB on average), the labels of both', () => {
    const mixer = bcLearning({ selfMixBug: true, gain: 'int16-rms' })
    const [one, two] = [noiseWaveform(50, 1), noiseWaveform(50, 2)]
    const first = { input: one, labels: Float32Array.of(1, 0) }
    const second = { input: two, labels: Float32Array.of(0, 1) }
    const mixed = mixer.apply(first, second, { ratio: 0.25 })
    expect([...mixed.labels]).toEqual([0.25, 0.75])
    mixed.input.samples.forEach((value, i) => expect(value).toBeCloseTo(one.samples[i] / Math.hypot(0.25, 0.75), 6))
    expect(mixer.apply(first, { ...second, input: noiseWaveform(50, 3) }, { ratio: 0.25 }).input).toEqual(mixed.input)
    const rng = createRng('self')
    const decibels = Array.from({ length: 20_000 }, () => {
      const { ratio } = mixer.draw(rng)!
      return -20 * Math.log10(Math.hypot(ratio, 1 - ratio))
    })
    expect(Math.max(...decibels)).toBeCloseTo(3.01, 2)
    expect(decibels.reduce((a, b) => a + b) / decibels.length).toBeCloseTo(1.87, 1)
  })
})

const constant = (value: number): Float32Array => new Float32Array(8000).fill(value / 32768)

test('clipGain: twice the amplitude is 6.02 dB more; int16-rms wraps round where rms does not', () => {
  const { samples } = noiseWaveform(8000, 5)
  for (const mode of ['A', 'rms'] as const) {
    const gain = (factor: number): number =>
      clipGain(
        samples.map((x) => x * factor),
        { sampleRate: 16_000, mode },
      )
    expect(gain(2) - gain(1)).toBeCloseTo(20 * Math.log10(2), 5)
  }
  // 181² = 32761 still fits 16 bits, 182² = 33124 wraps to −32412
  expect(clipGain(constant(181), { sampleRate: 16_000, mode: 'int16-rms' })).toBeCloseTo(10 * Math.log10(32761), 9)
  expect(clipGain(constant(182), { sampleRate: 16_000, mode: 'int16-rms' })).toBe(-80)
})

test.each([mixup({ alpha: 0.4, labels: 'union' }), bcLearning({ gain: 'rms', p: 0.3 })] as Mixer<Waveform>[])(
  'fromJSON gives $name back',
  (mixer) => {
    const copy = fromJSON<Mixer<Waveform>>(throughJson(mixer.toJSON()))
    expect(describeMixer(copy)).toBe(describeMixer(mixer))
    fc.assert(
      fc.property(seed, (drawn) => {
        expect(copy.draw(createRng(drawn))).toEqual(mixer.draw(createRng(drawn)))
      }),
      { numRuns: 10 },
    )
  },
)
