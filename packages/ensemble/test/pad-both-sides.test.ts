import { padBothSides, type Spectrogram } from '@audiotag/ensemble'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const waveform = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, noDefaultInfinity: true })
const decibels = fc.float({ min: -150, max: 60, noNaN: true })
const spectrogram: fc.Arbitrary<Spectrogram> = fc
  .record({ bins: fc.integer({ min: 1, max: 5 }), frames: fc.integer({ min: 1, max: 8 }) })
  .chain(({ bins, frames }) =>
    fc
      .array(decibels, { minLength: bins * frames, maxLength: bins * frames })
      .map((data) => ({ bins, frames, data: Float32Array.from(data) })),
  )

/** As librosa with ref 1. */
const powerToDb = (power: number[]): number[] => {
  const db = power.map((value) => 10 * Math.log10(Math.max(value, 1e-10)))
  return db.map((value) => Math.max(value, Math.max(...db) - 80))
}

describe('waveform', () => {
  test('zeros on both sides, the clip unchanged between them', () => {
    fc.assert(
      fc.property(waveform, fc.nat(30), fc.nat(60), (clip, samples, minSamples) => {
        const before = clip.slice()
        const padded = padBothSides(clip, { samples, minSamples })
        const side = (padded.length - clip.length) / 2
        expect(Number.isInteger(side) && side >= samples && padded.length >= minSamples).toBe(true)
        expect(padded.subarray(side, side + clip.length)).toEqual(before)
        expect([...padded.subarray(0, side), ...padded.subarray(side + clip.length)].every((value) => value === 0)).toBe(true)
        expect(clip).toEqual(before)
        expect(padded.buffer).not.toBe(clip.buffer)
      }),
    )
  })

  test('the least length of EnvNet-v2: ⌈(20580 − length) / 2⌉ on each side, else the padding asked for', () => {
    expect(padBothSides(new Float32Array(100), { samples: 8000, minSamples: 20_580 })).toHaveLength(20_580)
    expect(padBothSides(new Float32Array(101), { samples: 0, minSamples: 20_580 })).toHaveLength(20_581)
    expect(padBothSides(new Float32Array(20_580), { samples: 8000, minSamples: 20_580 })).toHaveLength(36_580)
  })
})

describe('spectrogram in dB', () => {
  const loud: Spectrogram = { data: Float32Array.of(10, -30, -50, 0), bins: 2, frames: 2 }
  const quiet: Spectrogram = { data: Float32Array.of(-60, -90), bins: 1, frames: 2 }

  test('filled with max − 80, per clip', () => {
    expect([...padBothSides(loud, { frames: 1 }).data]).toEqual([-70, 10, -30, -70, -70, -50, 0, -70])
    expect(padBothSides(loud, { frames: 1, fill: 'referenceCode' })).toEqual(padBothSides(loud, { frames: 1 }))
  })

  test('not below −100', () => expect([...padBothSides(quiet, { frames: 1 }).data]).toEqual([-100, -60, -90, -100]))

  test('the fill is what silence in power becomes under amin 1e-10 and topDb 80', () => {
    for (const power of [
      [10, 0.5],
      [1e-5, 1e-9],
    ]) {
      const [silence, ...clip] = powerToDb([0, ...power])
      const padded = padBothSides({ data: Float32Array.from(clip), bins: 1, frames: 2 }, { frames: 1 })
      expect(padded.data[0]).toBeCloseTo(silence, 4)
    }
  })

  test('paper: zeros; or a number', () => {
    expect([...padBothSides(quiet, { frames: 1, fill: 'paper' }).data]).toEqual([0, -60, -90, 0])
    expect([...padBothSides(quiet, { frames: 1, fill: -7 }).data]).toEqual([-7, -60, -90, -7])
  })

  test('standardised after padding: the silence counts in the mean', () => {
    const seen: Spectrogram[] = []
    const centre = (padded: Spectrogram): Spectrogram => {
      seen.push(padded)
      const mean = padded.data.reduce((sum, value) => sum + value, 0) / padded.data.length
      return { ...padded, data: padded.data.map((value) => value - mean) }
    }
    const centred = padBothSides(quiet, { frames: 1, standardize: centre })
    expect(seen[0].frames).toBe(4)
    expect([...centred.data]).toEqual([-12.5, 27.5, -2.5, -12.5])
    expect(padBothSides(quiet, { frames: 0, standardize: centre }).data[0]).toBe(15)
  })

  test('axes, least frames, input untouched', () => {
    fc.assert(
      fc.property(spectrogram, fc.nat(9), fc.nat(30), (clip, frames, minFrames) => {
        const before = clip.data.slice()
        const padded = padBothSides(clip, { frames, minFrames })
        const side = (padded.frames - clip.frames) / 2
        expect(padded.bins).toBe(clip.bins)
        expect(padded.data).toHaveLength(padded.bins * padded.frames)
        expect(Number.isInteger(side) && side >= frames && padded.frames >= minFrames).toBe(true)
        const fill = Math.fround(Math.max(Math.max(...clip.data) - 80, -100))
        for (let bin = 0; bin < clip.bins; bin++) {
          for (let frame = 0; frame < padded.frames; frame++) {
            const inside = frame >= side && frame < side + clip.frames
            expect(padded.data[bin * padded.frames + frame]).toBe(inside ? clip.data[bin * clip.frames + frame - side] : fill)
          }
        }
        expect(clip.data).toEqual(before)
        expect(padded.data.buffer).not.toBe(clip.data.buffer)
      }),
    )
  })
})
