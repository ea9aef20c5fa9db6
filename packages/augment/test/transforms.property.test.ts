import type { SampleInfo, Spectrogram, Transform, Waveform } from '@audiotag/augment'
import {
  compose,
  createRng,
  describe as describeTransform,
  frequencyMask,
  fromJSON,
  gainPower,
  gainSamples,
  oneOf,
  padSamples,
  sampleInfo,
  scaleSamples,
  shrinkFrames,
  sliceFrames,
  sliceSamples,
  timeMask,
  timeWarp,
  whiteNoise,
} from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bits, seed, spectrogram, throughJson, waveform } from './arbitraries.js'

type AnySample = Spectrogram | Waveform
type Make = (p: number) => Transform<AnySample>

const ofSpectrograms: Record<string, Make> = {
  frequencyMask: (p) => frequencyMask({ minWidthBins: 2, maxWidthBins: 9, p }),
  'frequencyMask floor': (p) => frequencyMask({ minWidthBins: 2, maxWidthBins: 9, fill: 'floor', p }),
  'frequencyMask half-width': (p) => frequencyMask({ minWidthBins: 2, maxWidthBins: 9, semantics: 'half-width', p }),
  'timeMask mean': (p) => timeMask({ fill: 'mean', p }),
  timeWarp: (p) => timeWarp({ maxShiftFrames: 7.5, p }),
  sliceFrames: (p) => sliceFrames({ frames: 30, p }),
  'sliceFrames excluded': (p) => sliceFrames({ frames: 30, lastOffset: 'excluded', p }),
  shrinkFrames: (p) => shrinkFrames({ p }),
  'shrinkFrames axisBug': (p) => shrinkFrames({ axisBug: true, p }),
  gainPower: (p) => gainPower({ p }),
  compose: (p) => compose<Spectrogram>([sliceFrames({ frames: 20 }), timeMask(), frequencyMask({ p: 1 }), timeMask()], { p }),
  oneOf: (p) => oneOf<Spectrogram>([sliceFrames({ frames: 20, p: 0.5 }), timeMask(), compose<Spectrogram>([])], { weights: [1, 0, 2], p }),
}

const ofWaveforms: Record<string, Make> = {
  sliceSamples: (p) => sliceSamples({ samples: 100, p }),
  'sliceSamples ifShort': (p) => sliceSamples({ samples: 101, padding: 'ifShort', p }),
  'sliceSamples excluded': (p) => sliceSamples({ samples: 101, lastOffset: 'excluded', p }),
  padSamples: (p) => padSamples({ eachSideSamples: 3, minSamples: 100, p }),
  scaleSamples: (p) => scaleSamples({ p }),
  'scaleSamples nearest': (p) => scaleSamples({ interpolation: 'nearest', p }),
  gainSamples: (p) => gainSamples({ p }),
  whiteNoise: (p) => whiteNoise({ p }),
  compose: (p) =>
    compose<Waveform>([scaleSamples(), padSamples({ minSamples: 200 }), sliceSamples({ samples: 150 }), gainSamples()], { p }),
}

const values = (sample: AnySample): Float32Array => ('data' in sample ? sample.data : sample.samples)

describe.each([
  ...Object.entries(ofSpectrograms).map(([name, make]) => ({ name, make, samples: spectrogram as fc.Arbitrary<AnySample> })),
  ...Object.entries(ofWaveforms).map(([name, make]) => ({
    name: `${name} (waveform)`,
    make,
    samples: waveform as fc.Arbitrary<AnySample>,
  })),
])('$name', ({ make, samples }) => {
  test('apply never touches its input, returns new data, and the same bits again after JSON', () => {
    const transform = make(1)
    fc.assert(
      fc.property(samples, seed, (sample, drawn) => {
        const before = bits(sample)
        const params = transform.draw(createRng(drawn), sampleInfo(sample))
        const first = transform.apply(sample, params)
        const again = transform.apply(sample, throughJson(params))
        expect(bits(sample)).toBe(before)
        expect(values(first).buffer).not.toBe(values(sample).buffer)
        expect(bits(again)).toBe(bits(first))
        expect(values(first).every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('resize tells the sizes that apply returns', () => {
    const transform = make(0.7)
    fc.assert(
      fc.property(samples, seed, (sample, drawn) => {
        const about: SampleInfo = sampleInfo(sample)
        const params = transform.draw(createRng(drawn), about)
        expect(transform.resize(about, params)).toEqual(sampleInfo(transform.apply(sample, params)))
      }),
      { numRuns: 60 },
    )
  })

  test('p = 0 is identity, in new data', () => {
    const transform = make(0)
    fc.assert(
      fc.property(samples, seed, (sample, drawn) => {
        const params = transform.draw(createRng(drawn), sampleInfo(sample))
        expect(params).toBeNull()
        const copy = transform.apply(sample, params)
        expect(bits(copy)).toBe(bits(sample))
        expect(values(copy)).not.toBe(values(sample))
      }),
      { numRuns: 20 },
    )
  })

  test('p moves no other draw', () => {
    fc.assert(
      fc.property(samples, seed, (sample, drawn) => {
        const params = make(0.4).draw(createRng(drawn), sampleInfo(sample))
        if (params !== null) expect(params).toEqual(make(1).draw(createRng(drawn), sampleInfo(sample)))
      }),
      { numRuns: 20 },
    )
  })

  test('fromJSON gives it back: same JSON, same draws, same bits', () => {
    const transform = make(0.9)
    const copy = fromJSON<Transform<Spectrogram>>(throughJson(transform.toJSON())) as unknown as Transform<AnySample>
    expect(copy.toJSON()).toEqual(transform.toJSON())
    expect(describeTransform(copy)).toBe(describeTransform(transform))
    fc.assert(
      fc.property(samples, seed, (sample, drawn) => {
        const params = transform.draw(createRng(drawn), sampleInfo(sample))
        expect(copy.draw(createRng(drawn), sampleInfo(sample))).toEqual(params)
        expect(bits(copy.apply(sample, params))).toBe(bits(transform.apply(sample, params)))
      }),
      { numRuns: 20 },
    )
  })

  test('it is frozen', () => {
    expect(Object.isFrozen(make(1))).toBe(true)
  })
})
