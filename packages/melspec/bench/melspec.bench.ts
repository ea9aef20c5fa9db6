import { readFileSync } from 'node:fs'
import { dcase2019, decodeAudio, librosa, melSpectrogram, planFft, powerToDb, resample, standardize } from '@audiotag/melspec'
import { bench, describe } from 'vitest'

const second = Float32Array.from({ length: 44100 }, (_, i) => Math.sin(i * i * 0.001))
const fourSeconds = Float32Array.from({ length: 4 * 44100 }, (_, i) => second[i % 44100])
const golden = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../test/golden/audio/files/${file}`, import.meta.url)))

describe('complex FFT', () => {
  for (const size of [1024, 1280, 2048, 2560, 400]) {
    const plan = planFft(size)
    const input = Float64Array.from({ length: 2 * size }, (_, i) => Math.sin(i))
    const output = new Float64Array(2 * size)
    bench(`${plan.kind} ${size}`, () => plan.transform(input, output))
  }
})

describe('four seconds', () => {
  const paper = dcase2019()
  const current = librosa()
  const mel = melSpectrogram(fourSeconds, paper)
  bench('mel, dcase2019', () => void melSpectrogram(fourSeconds, paper))
  bench('mel, librosa defaults', () => void melSpectrogram(fourSeconds, current))
  bench('decibels', () => void powerToDb(mel))
  bench('standardise', () => void standardize(mel))
})

describe('audio', () => {
  const wav = golden('s16.wav')
  const vorbis = golden('vorbis.ogg')
  const flac = golden('flac-16.flac')
  bench('WAV, 30 ms', async () => void (await decodeAudio(wav)))
  bench('Ogg Vorbis, 150 ms', async () => void (await decodeAudio(vorbis)))
  bench('FLAC, 100 ms', async () => void (await decodeAudio(flac)))
  bench('48 to 44.1 kHz, 1 s', () => void resample(second, { fromHertz: 48000, toHertz: 44100 }))
})
