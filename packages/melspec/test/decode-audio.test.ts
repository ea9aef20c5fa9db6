import { MelspecError, decodeAudio } from '@audiotag/melspec'
import { describe, expect, test, vi } from 'vitest'
import { goldenBytes, goldenNpy } from './golden.js'

const codec = (file: string): Uint8Array => goldenBytes(`codecs/${file}`)
const outcome = (bytes: Uint8Array, truncated: 'error' | 'keep' = 'error'): Promise<string> =>
  decodeAudio(bytes, { truncated }).then(
    () => 'samples',
    (error: unknown) => {
      if (error instanceof MelspecError) return error.code
      throw error
    },
  )
/** The decoders of FLAC and MP3 print damage that they meet. */
const quiet = async <T>(run: () => Promise<T>): Promise<T> => {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  try {
    return await run()
  } finally {
    spy.mockRestore()
  }
}

describe('decodeAudio beside libsndfile', () => {
  test.each([
    ['full-8.flac', 22050, 0],
    ['full-16.flac', 8000, 0],
    ['full-24.flac', 44100, 0],
    ['mono.mp3', 44100, 1e-5],
    ['stereo.mp3', 44100, 1e-5],
    ['mono.opus', 48000, 1e-4],
    ['stereo.opus', 48000, 1e-4],
  ])('%s', async (file, sampleRate, tolerance) => {
    const audio = await decodeAudio(codec(file))
    const { data, shape } = goldenNpy(`codecs/${file}.npy`)
    const [channels, frames] = shape
    expect([audio.sampleRate, audio.channelData.length, audio.channelData[0].length]).toEqual([sampleRate, channels, frames])
    let worst = 0
    for (const [channel, samples] of audio.channelData.entries()) {
      for (let i = 0; i < frames; i++) worst = Math.max(worst, Math.abs(samples[i] - data[channel * frames + i]))
    }
    expect(worst).toBeLessThanOrEqual(tolerance)
  })
})

describe('decodeAudio', () => {
  test('clips decoded at the same time do not disturb each other', async () => {
    const files = [
      'audio/files/vorbis.ogg',
      'codecs/mono.mp3',
      'audio/files/vorbis-stereo.ogg',
      'codecs/full-16.flac',
      'codecs/mono.opus',
      'codecs/stereo.opus',
    ]
    const one = []
    for (const file of files) one.push(await decodeAudio(goldenBytes(file)))
    const broken = goldenBytes('audio/files/vorbis.ogg').slice(0, 3000)
    const jobs = files.flatMap((file) => [decodeAudio(goldenBytes(file)), outcome(broken)])
    const results = (await Promise.all(jobs)).filter((result) => typeof result !== 'string')
    expect(results).toEqual(one)
  })

  test('leaves its input as it was, and reads a view from where it begins', async () => {
    for (const file of ['audio/files/flac-16.flac', 'audio/files/vorbis.ogg', 'codecs/mono.mp3', 'audio/files/s16.wav']) {
      const bytes = goldenBytes(file)
      const larger = new Uint8Array(bytes.length + 30).fill(0xff)
      larger.set(bytes, 11)
      const view = larger.subarray(11, 11 + bytes.length)
      expect(await decodeAudio(view)).toEqual(await decodeAudio(bytes))
      expect(Buffer.compare(view, bytes)).toBe(0)
    }
  })

  test('an ID3 tag before FLAC or MP3 is skipped', async () => {
    const tag = Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 1, 2, ...Array.from({ length: 130 }, () => 0xff))
    for (const file of ['full-16.flac', 'mono.mp3']) {
      expect(await decodeAudio(Buffer.concat([tag, codec(file)]))).toEqual(await decodeAudio(codec(file)))
    }
    expect(await outcome(tag.subarray(0, 100))).toBe('AUDIO_TRUNCATED')
  })

  test('an ID3v1 tag and zeros after MP3 are no damage', async () => {
    const audio = await decodeAudio(codec('mono.mp3'))
    const tag = Buffer.alloc(128)
    tag.write('TAGtitle')
    expect(await decodeAudio(Buffer.concat([codec('mono.mp3'), tag]))).toEqual(audio)
    expect(await decodeAudio(Buffer.concat([codec('mono.mp3'), Buffer.alloc(50)]))).toEqual(audio)
  })

  test.each(['audio/files/vorbis.ogg', 'codecs/stereo.opus', 'codecs/mono.mp3', 'codecs/long.flac', 'audio/files/s16.wav'])(
    'every cut of %s is refused, or kept as a shorter clip when asked',
    async (file) => {
      const bytes = goldenBytes(file)
      const whole = await decodeAudio(bytes)
      for (let part = 1; part <= 12; part++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 13))
        expect(await quiet(() => outcome(cut))).toMatch(/^AUDIO_(TRUNCATED|CORRUPT)$/)
        const kept = await quiet(() => decodeAudio(cut, { truncated: 'keep' }).catch((error: unknown) => error))
        if (kept instanceof Error)
          expect(kept).toMatchObject({ code: expect.stringMatching(/^AUDIO_(EMPTY|TRUNCATED|CORRUPT)$/) as string })
        else expect((kept as typeof whole).channelData[0].length).toBeLessThan(whole.channelData[0].length)
      }
      const nearlyAll = await quiet(() => decodeAudio(bytes.subarray(0, bytes.length - 1), { truncated: 'keep' }).catch(() => undefined))
      if (!file.includes('.ogg') && !file.includes('.opus')) expect(nearlyAll!.channelData[0].length).toBeGreaterThan(0)
    },
  )

  test.each(['audio/files/vorbis.ogg', 'codecs/mono.opus'])('one changed byte anywhere in %s is found by a checksum', async (file) => {
    const bytes = goldenBytes(file)
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = bytes.slice()
      damaged[at] ^= 0x10
      expect([at, await outcome(damaged)]).not.toEqual([at, 'samples'])
    }
  })

  test('damage in FLAC frames is found by the sample count', async () => {
    for (const at of [9000, 20000, 30000]) {
      const damaged = codec('long.flac').slice()
      damaged[at] ^= 0x10
      expect(await quiet(() => outcome(damaged))).toMatch(/^AUDIO_(TRUNCATED|CORRUPT)$/)
    }
    expect(await outcome(codec('long.flac'))).toBe('samples')
  })

  test('a missing and a repeated Ogg page', async () => {
    const bytes = goldenBytes('codecs/stereo.opus')
    const starts: number[] = []
    for (let at = 0; at < bytes.length - 3; at++) if (Buffer.from(bytes.subarray(at, at + 4)).toString() === 'OggS') starts.push(at)
    expect(starts.length).toBeGreaterThanOrEqual(3)
    const page = (i: number): Uint8Array => bytes.subarray(starts[i], starts[i + 1])
    expect(await outcome(Buffer.concat([page(0), ...starts.slice(2).map((_, i) => page(i + 2))]))).toBe('AUDIO_CORRUPT')
    expect(await outcome(Buffer.concat([page(0), page(1), bytes.subarray(starts[1])]))).toBe('AUDIO_CORRUPT')
    expect(await outcome(Buffer.concat([bytes, bytes]))).toBe('AUDIO_FORMAT')
  })

  test('a frame chain of MP3 that breaks, and frames that are missing', async () => {
    const bytes = codec('mono.mp3').slice()
    const frames: number[] = []
    for (let at = 0; at < bytes.length - 1; at++)
      if (bytes[at] === 0xff && bytes[at + 1] === 0xfb && bytes[at + 3] === 0xc4) frames.push(at)
    expect(frames.length).toBe(10)
    const broken = bytes.slice()
    broken[frames[3]] = 0
    expect(await outcome(broken)).toBe('AUDIO_CORRUPT')
    expect(await outcome(bytes.subarray(0, frames.at(-1)))).toBe('AUDIO_TRUNCATED')
  })

  test.each([
    [
      'FORM\0\0\0\0AIFF',
      'decodeAudio: the file must be WAV, Ogg Vorbis, Opus, FLAC, MP3 or QOA, its first bytes are "FORM". Convert the file.',
    ],
    ['\0\0\0\x20ftypM4A ', 'its first bytes are "\\u0000\\u0000\\u0000 "'],
    ['hello', 'its first bytes are "hell"'],
    ['\xff\xfb', 'neither MP3 nor another known format'],
    ['\xff\xff\xff\xff\xff\xff\xff\xff', 'neither MP3 nor another known format'],
    ['fLaC', 'decodeAudio: the FLAC file ends inside its header, after 4 bytes.'],
    ['qoaf\0\0\0\x09garbagegarbage', 'decodeAudio: '],
  ])('%j', async (text, message) => {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0))
    await expect(decodeAudio(bytes)).rejects.toThrow(MelspecError)
    await expect(decodeAudio(bytes)).rejects.toThrow(message)
  })

  test('QOA: one slice by hand, without prediction until the residuals grow', async () => {
    const bytes = new Uint8Array(40)
    const view = new DataView(bytes.buffer)
    bytes.set([0x71, 0x6f, 0x61, 0x66, 0, 0, 0, 20, 1]) // 'qoaf', 20 samples; a frame of 1 channel
    view.setUint16(10, 22050)
    view.setUint16(12, 20)
    view.setUint16(14, 32)
    // Scale factor 15 of the format's table is 2048: residuals 0.75, −0.75, 2.5, −2.5, 4.5 … times that.
    let slice = 15n
    for (let i = 0; i < 20; i++) slice = (slice << 3n) | BigInt(i % 2)
    view.setBigUint64(32, slice)
    const { channelData, sampleRate } = await decodeAudio(bytes)
    expect(sampleRate).toBe(22050)
    expect([...channelData[0].subarray(0, 2)]).toEqual([1536 / 32768, -1518 / 32768])
    expect(channelData[0].length).toBe(20)
    for (const value of channelData[0]) expect(Number.isInteger(value * 32768)).toBe(true)
    view.setUint32(4, 40)
    await expect(decodeAudio(bytes)).rejects.toMatchObject({ code: 'AUDIO_CORRUPT' })
  })

  test('an Ogg stream of another kind is named', async () => {
    const bytes = goldenBytes('audio/files/vorbis.ogg').slice()
    const damaged = bytes.slice()
    damaged.set([0x80, 0x74, 0x68, 0x65, 0x6f, 0x72, 0x61], 28)
    // A changed page needs its checksum again: that of the first page, bit by bit.
    const page = damaged.subarray(0, 28 + damaged[27])
    page.fill(0, 22, 26)
    let crc = 0
    for (const byte of page) {
      crc ^= byte << 24
      for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
    }
    new DataView(damaged.buffer).setInt32(22, crc, true)
    await expect(decodeAudio(damaged)).rejects.toThrow('an Ogg stream must be Vorbis, Opus or FLAC')
  })
})
