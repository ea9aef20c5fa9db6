import type { ExamplePipeline, Variant, Waveform, WaveformClipDraw, WaveformDraw } from '@audiotag/augment'
import {
  bcLearning,
  createRng,
  dcase2019Waveform,
  gainSamples,
  mixup,
  pipelineFromJSON,
  referenceCode,
  scaleSamples,
  sliceSamples,
} from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bits, noiseWaveform, seed, sourceOf, throughJson } from './arbitraries.js'

const samples = 3000
const lengths = [1, 50, 2900, 3100, 9000]
const source = sourceOf(lengths.map((length, i) => noiseWaveform(length, i)))
const variants: Variant[] = ['default', 'paper', 'referenceCode']
const index = fc.nat(lengths.length - 1)

describe.each(variants)('dcase2019Waveform, %s', (variant) => {
  const pipeline = dcase2019Waveform({ samples, variant })
  const interpolation = variant === 'referenceCode' ? 'nearest' : 'linear'

  /** One clip's part, by the transforms that stand alone: the whole clip is scaled, then cut. */
  const part = ({ index: clip, scale, slice }: WaveformClipDraw): Waveform =>
    sliceSamples({ samples }).apply(scaleSamples({ interpolation }).apply(source.get(clip).input, { factor: scale! }), slice)

  test('equals scale → slice → mix → gain, one after another, and touches no clip', () => {
    const before = lengths.map((_, i) => source.get(i).input.samples.slice())
    fc.assert(
      fc.property(index, seed, (clip, drawn) => {
        const draw = pipeline.draw(createRng(drawn), clip, source)
        const { ratio, partner } = draw.mix!
        const first = { input: part(draw), labels: source.get(clip).labels }
        const second = { input: part(partner), labels: source.get(partner.index).labels }
        const mixed =
          variant === 'paper'
            ? mixup<Waveform>().apply(first, second, { lambda: ratio })
            : bcLearning({ selfMixBug: variant === 'referenceCode' }).apply(first, second, { ratio })
        const expected = { input: gainSamples().apply(mixed.input, draw.gain), labels: mixed.labels }
        expect(bits(pipeline.apply(source, draw))).toBe(bits(expected))
        expect(expected.labels).toEqual(first.labels.map((value, c) => ratio * value + (1 - ratio) * second.labels[c]))
      }),
      { numRuns: 40 },
    )
    expect(lengths.map((_, i) => source.get(i).input.samples)).toEqual(before)
  })

  test('draw → JSON → apply gives the same bits, white noise included', () => {
    const noisy = dcase2019Waveform({ samples, variant, whiteNoise: { p: 1 } })
    const copy = pipelineFromJSON<ExamplePipeline<Waveform, WaveformDraw>>(throughJson(noisy.toJSON()))
    fc.assert(
      fc.property(index, seed, (clip, drawn) => {
        const draw = noisy.draw(createRng(drawn), clip, source)
        const example = noisy.apply(source, draw)
        expect(bits(noisy.apply(source, throughJson(draw)))).toBe(bits(example))
        expect(copy.draw(createRng(drawn), clip, source)).toEqual(draw)
        expect(bits(copy.apply(source, draw))).toBe(bits(example))
        expect(example.input.samples.length).toBe(samples)
        const row = new Float32Array(samples).fill(9)
        const placed = noisy.apply(source, draw, row)
        expect(bits(placed)).toBe(bits(example))
        expect(placed.input.samples).toBe(row)
        expect(example.input.samples.every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('a part switched off moves no draw of the others', () => {
    for (let i = 0; i < 20; i++) {
      const full = pipeline.draw(createRng(i), 4, source)
      const quiet = dcase2019Waveform({ samples, variant, gain: false }).draw(createRng(i), 4, source)
      expect(quiet).toEqual({ ...full, gain: null })
      const alone = dcase2019Waveform({ samples, variant, mix: false }).draw(createRng(i), 4, source)
      expect(alone).toEqual({ ...full, mix: null })
    }
  })
})

test('everything off: a slice of the clip, labels as they were', () => {
  const pipeline = dcase2019Waveform({ samples, scale: false, mix: false, gain: false })
  const draw = pipeline.draw(createRng(3), 4, source)
  const example = pipeline.apply(source, draw)
  expect(example.input).toEqual(sliceSamples({ samples }).apply(source.get(4).input, draw.slice))
  expect(example.labels).toEqual(source.get(4).labels)
  expect(example.labels).not.toBe(source.get(4).labels)
})

test("referenceCode mixes a clip with itself and takes the partner's labels", () => {
  const pipeline = referenceCode({ samples, gain: false, partner: () => 1 })
  const draw = pipeline.draw(createRng(1), 4, source)
  const { ratio } = draw.mix!
  const alone = dcase2019Waveform({ samples, variant: 'referenceCode', gain: false, mix: false }).apply(source, draw).input.samples
  const mixed = pipeline.apply(source, draw)
  mixed.input.samples.forEach((value, i) => expect(value).toBeCloseTo(alone[i] / Math.hypot(ratio, 1 - ratio), 5))
  expect(draw.mix!.partner.index).toBe(1)
  expect(mixed.labels[1]).toBeCloseTo(1 - ratio, 6)
})

test('the caller may choose the partner', () => {
  const pipeline = dcase2019Waveform({ samples, partner: (rng) => (rng() < 2 ? 3 : 0) })
  expect(pipeline.draw(createRng(1), 0, source).mix?.partner.index).toBe(3)
})

const preset = (variant: Variant): unknown => dcase2019Waveform({ samples: 133_300, variant }).toJSON()

test('the presets are the table of paper and code', () => {
  const common = {
    pipeline: 'dcase2019Waveform',
    samples: 133_300,
    partner: 'uniform',
    gain: { p: 1, minDecibels: -6, maxDecibels: 6 },
    whiteNoise: false,
  }
  const scale = { p: 1, minFactor: 0.8, maxFactor: 1.25 }
  expect(preset('default')).toEqual({
    ...common,
    variant: 'default',
    padding: 'bothSides',
    lastOffset: 'included',
    scale: { ...scale, interpolation: 'linear' },
    mixMethod: 'bc',
    mix: { p: 1, alpha: 1, gain: 'A', labels: 'linear', selfMixBug: false },
  })
  expect(preset('paper')).toEqual({
    ...common,
    variant: 'paper',
    padding: 'ifShort',
    lastOffset: 'included',
    scale: { ...scale, interpolation: 'linear' },
    mixMethod: 'mixup',
    mix: { p: 1, alpha: 1, labels: 'linear' },
  })
  expect(preset('referenceCode')).toEqual({
    ...common,
    variant: 'referenceCode',
    padding: 'bothSides',
    lastOffset: 'excluded',
    scale: { ...scale, interpolation: 'nearest' },
    mixMethod: 'bc',
    mix: { p: 1, alpha: 1, gain: 'int16-rms', labels: 'linear', selfMixBug: true },
  })
  expect(referenceCode({ samples: 133_300 }).toJSON()).toEqual(preset('referenceCode'))
})
