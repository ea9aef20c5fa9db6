import { MelspecError, decodeAudio, readWav } from '@audiotag/melspec'
import { describe, expect, test } from 'vitest'
import { goldenBytes, goldenJson, goldenNpy } from './golden.js'

interface Case {
  readonly file: string
  readonly expect: 'samples' | 'error' | 'either'
  readonly sampleRate: number
  readonly channels: number
  readonly frames: number
  readonly samples: string
}

const cases = goldenJson('audio/index.json') as Case[]

const codes: Record<string, string> = {
  'header-only.wav': 'AUDIO_EMPTY',
  'header-cut.wav': 'AUDIO_TRUNCATED',
  'no-fmt.wav': 'AUDIO_CORRUPT',
  'no-data.wav': 'AUDIO_CORRUPT',
  'zero-channels.wav': 'AUDIO_CORRUPT',
  'zero-sample-rate.wav': 'AUDIO_CORRUPT',
  'unknown-format-tag.wav': 'AUDIO_FORMAT',
  'zero-bits.wav': 'AUDIO_FORMAT',
  'empty.wav': 'AUDIO_EMPTY',
  'text.wav': 'AUDIO_FORMAT',
  'four-bytes.wav': 'AUDIO_TRUNCATED',
  'empty.flac': 'AUDIO_EMPTY',
  'text.ogg': 'AUDIO_CORRUPT',
  // The two of expect: 'either' that are errors unless asked otherwise, and the one that is for readWav only.
  'truncated.wav': 'AUDIO_TRUNCATED',
  'truncated-mid-frame.wav': 'AUDIO_TRUNCATED',
  'nan-and-infinity-f32.wav': 'AUDIO_NOT_FINITE',
}

function expectSamples(audio: { channelData: readonly Float32Array[]; sampleRate: number }, golden: Case): void {
  const { data, shape } = goldenNpy(`audio/${golden.samples}`)
  expect([audio.sampleRate, audio.channelData.length, audio.channelData[0].length]).toEqual([golden.sampleRate, ...shape])
  const tolerance = golden.file.endsWith('.ogg') ? 1e-5 : 0
  for (const [channel, samples] of audio.channelData.entries()) {
    const expected = data.subarray(channel * golden.frames, (channel + 1) * golden.frames)
    const wrong = samples.findIndex((value, i) => !Object.is(value, expected[i]) && !(Math.abs(value - expected[i]) <= tolerance))
    expect([channel, wrong]).toEqual([channel, -1])
  }
}

describe('decodeAudio on golden files', () => {
  test('there are 48', () => expect(cases.length).toBe(48))

  test.each(cases)('$file', async (golden) => {
    const code = codes[golden.file.replace('files/', '')]
    const bytes = goldenBytes(`audio/${golden.file}`)
    expect(code !== undefined).toBe(golden.expect === 'error' || (golden.expect === 'either' && !golden.file.includes('streamed')))
    if (code === undefined) expectSamples(await decodeAudio(bytes), golden)
    else await expect(decodeAudio(bytes)).rejects.toMatchObject({ name: 'MelspecError', code })
  })
})

describe('readWav on golden files', () => {
  test.each(cases.filter(({ file }) => file.endsWith('.wav')))('$file, keeping what is there', (golden) => {
    const bytes = goldenBytes(`audio/${golden.file}`)
    if (golden.expect === 'error') expect(() => readWav(bytes, { truncated: 'keep' })).toThrow(MelspecError)
    else expectSamples(readWav(bytes, { truncated: 'keep' }), golden)
  })
})
