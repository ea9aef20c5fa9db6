import { readFileSync } from 'node:fs'
import {
  dcase2019,
  decodeAudio,
  librosa,
  makeWindow,
  melFilterbank,
  melSpectrogram,
  type MelSpectrogramOptions,
  planFft,
  powerToDb,
  resample,
  standardize,
} from '@audiotag/melspec'
import audioDecode from 'audio-decode'
import FFT from 'fft.js'
import { bench, describe } from 'vitest'

const second = Float32Array.from({ length: 44100 }, (_, i) => Math.sin(i * i * 0.001))
const fourSeconds = Float32Array.from({ length: 4 * 44100 }, (_, i) => second[i % 44100])
const golden = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../test/golden/audio/files/${file}`, import.meta.url)))

function fftCase(size: number): { input: Float64Array; output: Float64Array; run: () => void } {
  const plan = planFft(size)
  const [input, output] = [Float64Array.from({ length: 2 * size }, (_, i) => Math.sin(i)), new Float64Array(2 * size)]
  return { input, output, run: () => plan.transform(input, output) }
}

/** The definition, sine and cosine from a table. */
function plainDft(input: Float64Array, output: Float64Array): void {
  const size = input.length / 2
  const cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size))
  const sines = Float64Array.from({ length: size }, (_, i) => Math.sin((2 * Math.PI * i) / size))
  for (let k = 0; k < size; k++) {
    let [re, im] = [0, 0]
    for (let n = 0, turn = 0; n < size; n++, turn = (turn + k) % size) {
      re += input[2 * n] * cosines[turn] + input[2 * n + 1] * sines[turn]
      im += input[2 * n + 1] * cosines[turn] - input[2 * n] * sines[turn]
    }
    output[2 * k] = re
    output[2 * k + 1] = im
  }
}

describe('complex FFT of 2560 points, the frame of the paper', () => {
  const { input, output, run } = fftCase(2560)
  bench('planFft: 5 × 512', run)
  const padded = new FFT(4096)
  const [longer, spectrum] = [new Float64Array(8192), new Float64Array(8192)]
  longer.set(input)
  bench('fft.js, filled up to 4096 (other bins)', () => padded.transform(spectrum, longer))
  bench('planFft, Bluestein: 2559', fftCase(2559).run)
  bench('the definition', () => plainDft(input, output), { iterations: 5, time: 200 })
})

/** As one would write it: fft.js for every frame, a full matrix of filters. */
function plainMel(samples: Float32Array, options: MelSpectrogramOptions): Float32Array {
  const { nFft = 2048, hopSamples = 512, mels = 128 } = options
  const { bins, firstBin, offsets, weights } = melFilterbank(options)
  const matrix = Array.from({ length: mels }, (_, mel) => {
    const row = new Float64Array(bins)
    row.set(weights.subarray(offsets[mel], offsets[mel + 1]), firstBin[mel])
    return row
  })
  const window = makeWindow('hann', nFft)
  const fft = new FFT(nFft)
  const [frame, spectrum, power] = [new Float64Array(nFft), new Float64Array(2 * nFft), new Float64Array(bins)]
  const frames = 1 + Math.floor(samples.length / hopSamples)
  const mel = new Float32Array(mels * frames)
  for (let t = 0; t < frames; t++) {
    for (let i = 0; i < nFft; i++) frame[i] = window[i] * (samples[t * hopSamples + i - nFft / 2] ?? 0)
    fft.realTransform(spectrum, frame)
    for (let k = 0; k < bins; k++) power[k] = spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2
    matrix.forEach((row, m) => {
      let sum = 0
      for (let k = 0; k < bins; k++) sum += row[k] * power[k]
      mel[m * frames + t] = sum
    })
  }
  return mel
}

describe('mel of four seconds, librosa defaults (173 frames at 22.05 kHz)', () => {
  const samples = fourSeconds.subarray(0, 4 * 22050)
  const options = librosa()
  const expected = plainMel(samples, options)
  const far = melSpectrogram(samples, options).data.findIndex((value, i) => Math.abs(value - expected[i]) > 1e-6 * Math.abs(expected[i]))
  if (far >= 0) throw new Error(`the two disagree at ${far}`)
  bench('melSpectrogram', () => void melSpectrogram(samples, options))
  bench('fft.js and a full matrix', () => void plainMel(samples, options))
})

describe('mel of four seconds, front end of the paper (509 frames at 44.1 kHz)', () => {
  const options = dcase2019()
  const padded = dcase2019({ nFft: 4096 })
  bench('melSpectrogram, nFft 2560', () => void melSpectrogram(fourSeconds, options))
  bench('fft.js and a full matrix, nFft 4096', () => void plainMel(fourSeconds, padded))
})

describe('log-mel of four seconds, what comes after', () => {
  const mel = melSpectrogram(fourSeconds, dcase2019())
  bench('powerToDb and standardize', () => void standardize(powerToDb(mel)))
})

describe.each(['vorbis.ogg', 'flac-16.flac'])('decoding %s', (file) => {
  const bytes = golden(file)
  bench('decodeAudio', async () => void (await decodeAudio(bytes)))
  bench('audio-decode', async () => void (await audioDecode(bytes)))
})

describe('48 to 44.1 kHz, one second', () => {
  bench('resample', () => void resample(second, { fromHertz: 48000, toHertz: 44100 }))
})
