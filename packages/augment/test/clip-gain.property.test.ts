import { aWeighting, clipGain, createRng } from '@audiotag/augment'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** By definition: every frame, every bin, sums of cosines and sines. */
function byDefinition(samples: Float32Array, sampleRate: number, frameSamples: number): number {
  const clip = [...samples, ...new Float32Array(Math.max(0, frameSamples - samples.length))]
  let loudest = 1e-8
  for (let start = 0; start + frameSamples <= clip.length; start += frameSamples / 2) {
    let power = 0
    for (let k = 0; k <= frameSamples / 2; k++) {
      let [re, im] = [0, 0]
      for (let i = 0; i < frameSamples; i++) {
        const value = (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameSamples)) * clip[start + i]
        re += value * Math.cos((2 * Math.PI * k * i) / frameSamples)
        im += value * Math.sin((2 * Math.PI * k * i) / frameSamples)
      }
      power += 10 ** (aWeighting((k * sampleRate) / frameSamples) / 10) * (re ** 2 + im ** 2)
    }
    loudest = Math.max(loudest, power)
  }
  return 10 * Math.log10(loudest)
}

/** Tones and noise, each half frame at a level of its own or silent: the loudest frame can be any, and some need no spectrum. */
const clips = fc.record({
  seed: fc.integer(),
  frameSamples: fc.constantFrom(4, 8, 16, 64),
  levels: fc.array(fc.constantFrom(0, 1e-6, 1e-3, 0.5, 1), { minLength: 1, maxLength: 9 }),
  tone: fc.double({ min: 0, max: 0.5, noNaN: true }),
  noise: fc.constantFrom(0, 0.01, 1),
  sampleRate: fc.constantFrom(100, 8000, 16_000, 44_100),
})

test('A-weighted gain is that of the definition, whichever frame is the loudest', () => {
  fc.assert(
    fc.property(clips, ({ seed, frameSamples, levels, tone, noise, sampleRate }) => {
      const rng = createRng(seed)
      const samples = Float32Array.from({ length: (levels.length * frameSamples) / 2 }, (_, i) => {
        const level = levels[Math.floor((2 * i) / frameSamples)]
        return level * (Math.cos(2 * Math.PI * tone * i) + noise * (2 * rng() - 1))
      })
      const gain = clipGain(samples, { sampleRate, frameSamples })
      expect(Math.abs(gain - byDefinition(samples, sampleRate, frameSamples))).toBeLessThan(1e-6)
      expect(clipGain(samples, { sampleRate, frameSamples })).toBe(gain)
    }),
  )
})

test('NaN and infinity are found in any frame, after a loud one too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99 }), fc.constantFrom(NaN, Infinity, -Infinity), (at, value) => {
      const samples = new Float32Array(104).fill(1e6, 0, 16)
      samples[at] = value
      expect(() => clipGain(samples, { sampleRate: 16_000, frameSamples: 8 })).toThrow('must be finite')
    }),
  )
})
