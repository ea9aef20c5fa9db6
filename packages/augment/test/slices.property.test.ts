import type { KeptBins, SliceFramesParams } from '@audiotag/augment'
import { createRng, sampleInfo, shrinkFrames, sliceFrames } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noiseSpectrogram, seed, spectrogram } from './arbitraries.js'

/** Frames in which anything sounds. */
function soundingFrames({ data, bins, frames }: { data: Float32Array; bins: number; frames: number }): number {
  let count = 0
  for (let frame = 0; frame < frames; frame++) {
    let sounds = false
    for (let bin = 0; bin < bins; bin++) sounds ||= data[bin * frames + frame] !== 0
    count += Number(sounds)
  }
  return count
}

describe('sliceFrames', () => {
  test('holds a window of the sample, all of a short one, and silence around it', () => {
    fc.assert(
      fc.property(spectrogram, seed, fc.integer({ min: 1, max: 80 }), (sample, drawn, frames) => {
        const slicer = sliceFrames({ frames })
        const { startFrame, keptFrames, offsetFrame } = slicer.draw(createRng(drawn), sampleInfo(sample))!
        expect(keptFrames).toBe(Math.min(frames, sample.frames))
        const slice = slicer.apply(sample, { startFrame, keptFrames, offsetFrame })
        expect([slice.bins, slice.frames]).toEqual([sample.bins, frames])
        const expected = slice.data.map((_, i) => {
          const frame = (i % frames) - offsetFrame
          const inside = frame >= 0 && frame < keptFrames
          return inside ? sample.data[Math.floor(i / frames) * sample.frames + startFrame + frame] : 0
        })
        expect(slice.data).toEqual(expected)
      }),
    )
  })

  test.each([
    ['included', 6],
    ['excluded', 5],
  ] as const)('last offset %s: offsets 0 to %d, each as often', (lastOffset, last) => {
    const slicer = sliceFrames({ frames: 4, lastOffset })
    for (const [frames, field] of [
      [10, 'startFrame'],
      [1, 'offsetFrame'],
    ] as const) {
      const highest = frames === 10 ? last : last - 3
      const rng = createRng('offsets')
      const times = new Map<number, number>()
      for (let i = 0; i < 14_000; i++) {
        const offset = slicer.draw(rng, { frames })![field]
        times.set(offset, (times.get(offset) ?? 0) + 1)
      }
      expect([...times.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: highest + 1 }, (_, i) => i))
      const expected = 14_000 / (highest + 1)
      for (const count of times.values()) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected))
    }
  })

  test('a sample of just the length is itself, also without the last offset', () => {
    const sample = noiseSpectrogram(3, 7, 1)
    for (const lastOffset of ['included', 'excluded'] as const) {
      const slicer = sliceFrames({ frames: 7, lastOffset })
      expect(slicer.apply(sample, slicer.draw(createRng(1), sample))).toEqual(sample)
    }
  })
})

describe('shrinkFrames: additional slicing', () => {
  test('at least 25 % of the frames sound afterwards, in all bins, in one piece', () => {
    const shrink = shrinkFrames({ p: 1 })
    fc.assert(
      fc.property(spectrogram, seed, (sample, drawn) => {
        const params = shrink.draw(createRng(drawn), sampleInfo(sample)) as SliceFramesParams
        const shrunk = shrink.apply(sample, params)
        expect(soundingFrames(shrunk)).toBe(params.keptFrames)
        expect(params.keptFrames).toBeGreaterThanOrEqual(0.25 * sample.frames)
        const expected = new Float32Array(sample.data.length)
        for (let row = 0; row < expected.length; row += sample.frames) {
          const start = row + params.startFrame
          expected.set(sample.data.subarray(start, start + params.keptFrames), row + params.offsetFrame)
        }
        expect(shrunk.data).toEqual(expected)
      }),
    )
  })

  test('the kept share is uniform in 25 to 100 %', () => {
    const shrink = shrinkFrames({ p: 1 })
    const rng = createRng('share')
    const shares = Array.from(
      { length: 20_000 },
      () => (shrink.draw(rng, { bins: 1, frames: 10_000 }) as SliceFramesParams).keptFrames / 10_000,
    )
    expect(Math.min(...shares)).toBeLessThan(0.2505)
    expect(Math.max(...shares)).toBeGreaterThan(0.9995)
    expect(Math.abs(shares.reduce((a, b) => a + b) / shares.length - 0.625)).toBeLessThan((5 * 0.75) / Math.sqrt(12 * 20_000))
  })

  test.each([
    [512, 0.151, 0.341],
    [1024, 0.269, 0.229],
  ])(
    'axisBug with %d frames and 128 bins, p 0.5: %d of the draws silence everything, %d a part, as measured on the released code',
    (frames, whole, part) => {
      const shrink = shrinkFrames({ axisBug: true, p: 0.5 })
      const rng = createRng('bug')
      const count = 40_000
      let [silent, partly] = [0, 0]
      for (let i = 0; i < count; i++) {
        const params = shrink.draw(rng, { bins: 128, frames }) as KeptBins | null
        if (params === null) continue
        const kept = params.endBin - params.startBin
        if (kept === 0) silent++
        else if (kept < 128) partly++
      }
      expect(Math.abs(silent / count - whole)).toBeLessThan(0.01)
      expect(Math.abs(partly / count - part)).toBeLessThan(0.012)
    },
  )

  test('axisBug silences bins and leaves time alone', () => {
    const sample = noiseSpectrogram(6, 9, 2)
    const { data } = shrinkFrames({ axisBug: true }).apply(sample, { startBin: 2, endBin: 5 })
    data.forEach((value, i) => {
      const bin = Math.floor(i / 9)
      expect(value).toBe(bin >= 2 && bin < 5 ? sample.data[i] : 0)
    })
  })
})
