import { createRng, frequencyMask, sampleInfo, timeMask, timeWarp } from '@audiotag/augment'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noiseSpectrogram, seed, spectrogram } from './arbitraries.js'

describe('frequencyMask', () => {
  test('changes its bins, all of them, and no other', () => {
    const mask = frequencyMask({ minWidthBins: 3, maxWidthBins: 12, p: 1 })
    fc.assert(
      fc.property(spectrogram, seed, (sample, drawn) => {
        const params = mask.draw(createRng(drawn), sampleInfo(sample))!
        expect(params.widthBins).toBeGreaterThanOrEqual(Math.min(3, sample.bins))
        expect(params.widthBins).toBeLessThanOrEqual(12)
        const expected = sample.data.map((value, i) => {
          const bin = Math.floor(i / sample.frames)
          return bin >= params.startBin && bin < params.startBin + params.widthBins ? 0 : value
        })
        expect(mask.apply(sample, params).data).toEqual(expected)
      }),
    )
  })

  test('every width from 8 to 32 comes as often, and every start', () => {
    const mask = frequencyMask({ p: 1 })
    const rng = createRng('widths')
    const widths = new Map<number, number>()
    const starts = new Set<number>()
    const count = 50_000
    for (let i = 0; i < count; i++) {
      const { widthBins, startBin } = mask.draw(rng, { bins: 128 })!
      widths.set(widthBins, (widths.get(widthBins) ?? 0) + 1)
      if (widthBins === 8) starts.add(startBin)
    }
    expect([...widths.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => 8 + i))
    for (const times of widths.values()) expect(Math.abs(times - count / 25)).toBeLessThan(5 * Math.sqrt(count / 25))
    expect([Math.min(...starts), Math.max(...starts)]).toEqual([0, 120])
    expect(starts.size).toBe(121)
  })

  test('half-width 8–31 at 128 bins: 8 to 62 bins, mean 35.6, 54 % wider than 32, as measured on the released code', () => {
    const mask = frequencyMask({ semantics: 'half-width', maxWidthBins: 31, p: 1 })
    const rng = createRng('half')
    const widths = Array.from({ length: 50_000 }, () => mask.draw(rng, { bins: 128 })!.widthBins)
    expect(widths.reduce((a, b) => Math.min(a, b))).toBe(8)
    expect(widths.reduce((a, b) => Math.max(a, b))).toBe(62)
    expect(Math.abs(widths.reduce((a, b) => a + b) / widths.length - 35.6)).toBeLessThan(0.35)
    expect(Math.abs(widths.filter((width) => width > 32).length / widths.length - 0.54)).toBeLessThan(0.012)
  })

  test('p is the share of samples that are masked', () => {
    const mask = frequencyMask({ p: 0.3 })
    const rng = createRng('p')
    const masked = Array.from({ length: 20_000 }, () => mask.draw(rng, { bins: 128 })).filter((params) => params !== null).length
    expect(Math.abs(masked / 20_000 - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / 20_000))
  })

  test('fills: a number; the floor 80 dB below the largest value outside; the mean before the mask', () => {
    const sample = { data: Float32Array.of(1, 3, 200, 0, 5, 7), bins: 3, frames: 2 }
    const params = { startBin: 1, widthBins: 1 }
    const filled = (fill: number | 'floor' | 'mean'): number[] => [...frequencyMask({ fill }).apply(sample, params).data]
    expect(filled(0.5)).toEqual([1, 3, 0.5, 0.5, 5, 7])
    expect(filled('floor')).toEqual([1, 3, Math.fround(7e-8), Math.fround(7e-8), 5, 7])
    expect(filled('mean')).toEqual([1, 3, 36, 36, 5, 7])
  })

  test('the floor is 0 where everything is masked', () => {
    const sample = noiseSpectrogram(4, 5, 1)
    expect([...frequencyMask({ fill: 'floor' }).apply(sample, { startBin: 0, widthBins: 4 }).data]).toEqual(
      Array.from({ length: 20 }, () => 0),
    )
  })
})

describe('timeMask', () => {
  test('changes its frames and no other, and never more than half of them', () => {
    const mask = timeMask({ minWidthFrames: 3, maxWidthFrames: 40, p: 1 })
    fc.assert(
      fc.property(spectrogram, seed, (sample, drawn) => {
        const { startFrame, widthFrames } = mask.draw(createRng(drawn), sampleInfo(sample))!
        expect(widthFrames).toBeLessThanOrEqual(sample.frames / 2)
        const expected = sample.data.map((value, i) => {
          const frame = i % sample.frames
          return frame >= startFrame && frame < startFrame + widthFrames ? 0 : value
        })
        expect(mask.apply(sample, { startFrame, widthFrames }).data).toEqual(expected)
      }),
    )
  })
})

describe('timeWarp', () => {
  const warp = timeWarp({ maxShiftFrames: 12, p: 1 })

  test('keeps the first and the last frame, and every bin within its range', () => {
    fc.assert(
      fc.property(spectrogram, seed, (sample, drawn) => {
        const { bins, frames, data } = sample
        const warped = warp.apply(sample, warp.draw(createRng(drawn), sample)).data
        for (let bin = 0; bin < bins; bin++) {
          const before = data.subarray(bin * frames, (bin + 1) * frames)
          const after = warped.subarray(bin * frames, (bin + 1) * frames)
          expect([after[0], after[frames - 1]]).toEqual([before[0], before[frames - 1]])
          expect(Math.min(...after)).toBeGreaterThanOrEqual(Math.min(...before))
          expect(Math.max(...after)).toBeLessThanOrEqual(Math.max(...before))
        }
      }),
    )
  })

  test('moves what was at the centre to where it says, and a ramp stays a rising line with one bend', () => {
    const frames = 101
    const ramp = { data: Float32Array.from({ length: frames }, (_, i) => i), bins: 1, frames }
    const { data } = warp.apply(ramp, { centerFrame: 40, shiftFrames: 10 })
    expect(data[50]).toBeCloseTo(40, 4)
    expect(data[25]).toBeCloseTo(20, 4)
    expect(data[75]).toBeCloseTo(70, 4)
  })

  test('no shift is identity', () => {
    const sample = noiseSpectrogram(5, 30, 3)
    expect(warp.apply(sample, { centerFrame: 11, shiftFrames: 0 })).toEqual(sample)
  })

  test('shifts reach both ways up to the maximum, whatever the length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), seed, (frames, drawn) => {
        const { centerFrame, shiftFrames } = warp.draw(createRng(drawn), { frames })!
        expect(Math.abs(shiftFrames)).toBeLessThanOrEqual(12)
        if (frames > 1) {
          expect(centerFrame + shiftFrames).toBeGreaterThanOrEqual(0)
          expect(centerFrame + shiftFrames).toBeLessThanOrEqual(frames - 1)
        }
      }),
    )
    const rng = createRng('both')
    const shifts = Array.from({ length: 2000 }, () => warp.draw(rng, { frames: 200 })!.shiftFrames)
    expect(Math.min(...shifts)).toBeLessThan(-11.9)
    expect(Math.max(...shifts)).toBeGreaterThan(11.9)
  })
})
