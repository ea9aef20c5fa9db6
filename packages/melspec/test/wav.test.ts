import { MelspecError, readWav, toMono, writeWav } from '@audiotag/melspec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goldenBytes } from './golden.js'

const text = (bytes: Uint8Array, at: number, value: string): void => bytes.set(new TextEncoder().encode(value), at)
const mono = (samples: readonly number[]): { channelData: Float32Array[]; sampleRate: number } => ({
  channelData: [Float32Array.from(samples)],
  sampleRate: 8000,
})
const codeOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (error instanceof MelspecError) return error.code
    throw error
  }
  return 'no error'
}

describe('readWav and writeWav', () => {
  test('floats come back bit for bit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.float32Array({ minLength: 3, maxLength: 60 }),
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        (channels, values, sampleRate) => {
          const frames = Math.floor(values.length / channels)
          const channelData = Array.from({ length: channels }, (_, channel) => values.slice(channel * frames, (channel + 1) * frames))
          expect(readWav(writeWav({ channelData, sampleRate }, { format: 'f32' }))).toEqual({ channelData, sampleRate })
        },
      ),
    )
  })

  test.each([
    ['s16', 16],
    ['s24', 24],
    ['s32', 32],
  ] as const)('%s is within half a step inside full scale, and clipped outside', (format, bits) => {
    const step = 2 ** (1 - bits)
    fc.assert(
      fc.property(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1 }), (values) => {
        const [read] = readWav(writeWav(mono(values), { format })).channelData
        for (const [i, value] of values.entries()) {
          const clipped = Math.max(-1, Math.min(Math.fround(1 - step), value))
          expect(Math.abs(read[i] - clipped)).toBeLessThanOrEqual(Math.max(step / 2, 2 ** -24))
        }
      }),
    )
  })

  test('an integer grid of 16 bits survives reading and writing unchanged', () => {
    const all = Float32Array.from({ length: 65536 }, (_, i) => (i - 32768) / 32768)
    expect(readWav(writeWav({ channelData: [all], sampleRate: 44100 })).channelData[0]).toEqual(all)
  })

  test('a view into a larger buffer is read from where it begins', () => {
    const bytes = writeWav(mono([0.5, -0.25, 1]), { format: 's24' })
    const larger = new Uint8Array(bytes.length + 13).fill(7)
    larger.set(bytes, 13)
    expect(readWav(larger.subarray(13)).channelData[0]).toEqual(readWav(bytes).channelData[0])
    expect(readWav(bytes.slice().buffer).channelData[0]).toEqual(readWav(bytes).channelData[0])
  })

  test('an odd number of data bytes is padded', () => {
    expect(writeWav(mono([0]), { format: 's24' }).length).toBe(48)
  })

  test('a size of 0 is a streamed file only where the RIFF size says so too', () => {
    const bytes = writeWav(mono([0.5, 0.25]))
    const view = new DataView(bytes.buffer)
    view.setUint32(40, 0, true)
    expect(codeOf(() => readWav(bytes))).toBe('AUDIO_EMPTY')
    view.setUint32(4, 0, true)
    expect(readWav(bytes).channelData[0]).toEqual(Float32Array.of(0.5, 0.25))
  })

  test('SoX leaves a size a little below 2³¹', () => {
    const bytes = writeWav(mono([0.5, 0.25]))
    new DataView(bytes.buffer).setUint32(40, 0x7fff_ffff - 36, true)
    expect(readWav(bytes).channelData[0].length).toBe(2)
  })

  test('RF64 that promises more than there is', () => {
    const bytes = goldenBytes('audio/files/rf64.wav').slice()
    new DataView(bytes.buffer).setUint32(12 + 8 + 8, 0xffff_0000, true)
    expect(codeOf(() => readWav(bytes))).toBe('AUDIO_TRUNCATED')
    expect(readWav(bytes, { truncated: 'keep' }).channelData[0].length).toBe(1323)
  })

  test('every cut of a file is an error or a whole prefix, never anything else', () => {
    const whole = goldenBytes('audio/files/extensible-s24-stereo.wav').slice(0, 200)
    new DataView(whole.buffer).setUint32(64, 200 - 68, true)
    const all = readWav(whole).channelData
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => readWav(whole.subarray(0, length)))).toMatch(
        length < 4 ? /^AUDIO_(EMPTY|FORMAT)$/ : /^AUDIO_(EMPTY|TRUNCATED|CORRUPT)$/,
      )
      const keep = (): Float32Array[] => [...readWav(whole.subarray(0, length), { truncated: 'keep' }).channelData]
      if (length < 68 + 6) expect(codeOf(keep)).toMatch(/^AUDIO_/)
      else expect(keep()).toEqual(all.map((samples) => samples.slice(0, Math.floor((length - 68) / 6))))
    }
  })

  test('bytes at random are an error or samples', () => {
    const template = writeWav(mono([0.1, 0.2, 0.3, 0.4]))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(template.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const bytes = template.slice()
        for (const [at, value] of changes) bytes[at] = value
        const code = codeOf(() => readWav(bytes))
        expect(code).toMatch(/^(no error|AUDIO_[A-Z]+)$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('messages', () => {
    const bytes = writeWav(mono([0.5]))
    const tagged = (tag: number): Uint8Array => {
      const copy = bytes.slice()
      new DataView(copy.buffer).setUint16(20, tag, true)
      return copy
    }
    const renamed = (at: number, name: string): Uint8Array => {
      const copy = bytes.slice()
      text(copy, at, name)
      return copy
    }
    expect(() => readWav(tagged(2))).toThrow('readWav: the encoding must be PCM (0x0001) or float (0x0003), got format tag 0x0002.')
    expect(() => readWav(renamed(0, 'RIFX'))).toThrow('got "RIFX". Big-endian RIFX is not supported.')
    expect(() => readWav(renamed(8, 'AVI '))).toThrow('readWav: a RIFF file must be of form WAVE, got "AVI ".')
    expect(() => readWav(renamed(36, 'junk'))).toThrow('readWav: the file has no data chunk.')
    expect(() => readWav(bytes.subarray(0, 45))).toThrow(
      "the data chunk promises 2 bytes, 1 are left in the file. Get the file again, or take what is there with { truncated: 'keep' }.",
    )
    expect(codeOf(() => writeWav({ channelData: [], sampleRate: 1 }))).toBe('MELSPEC_SHAPE')
    expect(codeOf(() => writeWav({ channelData: [new Float32Array(2), new Float32Array(3)], sampleRate: 1 }))).toBe('MELSPEC_SHAPE')
    expect(codeOf(() => writeWav({ channelData: [new Float32Array(2)], sampleRate: 0.5 }))).toBe('MELSPEC_OPTION')
    expect(codeOf(() => writeWav(mono([0]), { format: 'mp3' as 's16' }))).toBe('MELSPEC_OPTION')
    expect(codeOf(() => writeWav(mono([NaN])))).toBe('AUDIO_NOT_FINITE')
  })
})

describe('toMono', () => {
  test('is the mean of the channels, and a copy', () => {
    const left = Float32Array.of(1, -1, 0.5)
    const right = Float32Array.of(0, -1, -0.5)
    expect(toMono({ channelData: [left, right] })).toEqual(Float32Array.of(0.5, -1, 0))
    const copy = toMono({ channelData: [left] })
    copy[0] = 9
    expect(left[0]).toBe(1)
  })

  test('refuses no channels and unequal ones', () => {
    expect(codeOf(() => toMono({ channelData: [] }))).toBe('MELSPEC_SHAPE')
    expect(codeOf(() => toMono({ channelData: [new Float32Array(1), new Float32Array(2)] }))).toBe('MELSPEC_SHAPE')
  })
})
