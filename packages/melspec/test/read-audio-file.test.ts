import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { resample, toMono, writeWav } from '@audiotag/melspec'
import { readAudioFile } from '@audiotag/melspec/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { goldenNpy } from './golden.js'

const golden = (file: string): string => fileURLToPath(new URL(`golden/audio/files/${file}`, import.meta.url))
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'melspec-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('readAudioFile', () => {
  test('reads as it is, mixes channels, changes the rate', async () => {
    const { data } = goldenNpy('audio/files/s16-8000.wav.npy')
    expect(await readAudioFile(golden('s16-8000.wav'))).toEqual({ samples: data, sampleRate: 8000 })
    const at44100 = await readAudioFile(golden('s16-8000.wav'), { sampleRate: 44100 })
    expect(at44100).toEqual({ samples: resample(data, { fromHertz: 8000, toHertz: 44100 }), sampleRate: 44100 })
    const { data: both } = goldenNpy('audio/files/s16-stereo.wav.npy')
    const mono = toMono({ channelData: [both.subarray(0, 1323), both.subarray(1323)] })
    expect((await readAudioFile(golden('s16-stereo.wav'))).samples).toEqual(mono)
    expect((await readAudioFile(golden('vorbis.ogg'))).samples.length).toBe(6615)
  })

  test('takes a URL', async () => {
    expect((await readAudioFile(new URL('golden/audio/files/s16.wav', import.meta.url))).sampleRate).toBe(44100)
  })

  test('every error begins with the file', async () => {
    await expect(readAudioFile(golden('empty.wav'))).rejects.toMatchObject({
      code: 'AUDIO_EMPTY',
      message: `${golden('empty.wav')}: decodeAudio: a file must not be empty, got 0 bytes.`,
    })
    await expect(readAudioFile(golden('truncated.wav'))).rejects.toThrow(
      `${golden('truncated.wav')}: readWav: the data chunk promises 2646 bytes`,
    )
    expect((await readAudioFile(golden('truncated.wav'), { truncated: 'keep' })).samples.length).toBe(823)
    const missing = path.join(folder, 'no.wav')
    await expect(readAudioFile(missing)).rejects.toMatchObject({
      code: 'AUDIO_READ',
      message: expect.stringContaining(`${missing}: `) as string,
    })
    await expect(readAudioFile(folder)).rejects.toMatchObject({ code: 'AUDIO_READ' })
    await expect(readAudioFile(golden('s16.wav'), { sampleRate: 0 })).rejects.toThrow(`${golden('s16.wav')}: resample: toHertz must be`)
  })

  test('a silent clip is a clip', async () => {
    const file = path.join(folder, 'silent.wav')
    await writeFile(file, writeWav({ channelData: [new Float32Array(100)], sampleRate: 44100 }))
    expect((await readAudioFile(file)).samples).toEqual(new Float32Array(100))
  })
})
