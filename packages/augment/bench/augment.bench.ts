import type { Example, ExampleSource, Spectrogram, Waveform } from '@audiotag/augment'
import {
  aWeighting,
  bcLearning,
  clipGain,
  createRng,
  dcase2019Logmel,
  dcase2019Waveform,
  frequencyMask,
  gainPower,
  gainSamples,
  mixup,
  scaleSamples,
  sliceFrames,
  sliceSamples,
} from '@audiotag/augment'
import FFT from 'fft.js'
import { bench, describe } from 'vitest'

const rng = createRng('bench')
const noise = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * rng() - 1)
const labels = new Float32Array(80)
const source = <Input extends Spectrogram | Waveform>(inputs: Input[], about: ExampleSource<Input>['about']): ExampleSource<Input> => ({
  size: inputs.length,
  about,
  get: (index) => ({ input: inputs[index], labels }),
})

const mels = Array.from({ length: 32 }, (_, i): Spectrogram => {
  const frames = 150 + 10 * i
  return { data: noise(128 * frames).map(Math.abs), bins: 128, frames }
})
const melSource = source(mels, (index) => ({ bins: 128, frames: mels[index].frames }))
const clips = Array.from({ length: 8 }, (_, i): Waveform => ({ samples: noise(44_100 * (1 + i)), sampleRate: 44_100 }))
const clipSource = source(clips, (index) => ({ samples: clips[index].samples.length, sampleRate: 44_100 }))

/** Every step happens, so that both do the same work. */
describe.each([128, 512])('one log-mel example, 128 bins × %i frames: slice, gain, mixup, frequency mask', (frames) => {
  const pipeline = dcase2019Logmel({ frames, variant: 'paper', additionalSlicing: false })
  let i = 0
  bench('dcase2019Logmel', () => {
    i++
    pipeline.apply(melSource, pipeline.draw(rng.fork(i), i % 32, melSource))
  })

  const [slice, gain, mix, mask] = [sliceFrames({ frames }), gainPower({ p: 1 }), mixup({ p: 1 }), frequencyMask({ p: 1 })]
  const part = (index: number): Example<Spectrogram> => {
    const { input } = melSource.get(index)
    const sliced = slice.apply(input, slice.draw(rng, input))
    return { input: gain.apply(sliced, gain.draw(rng, sliced)), labels }
  }
  bench('transform after transform', () => {
    i++
    const mixed = mix.apply(part(i % 32), part((7 * i) % 32), mix.draw(rng)).input
    mask.apply(mixed, mask.draw(rng, mixed))
  })
})

describe('one waveform example, 66 650 samples: scale, slice, A-weighted mix, gain', () => {
  const samples = 66_650
  const pipeline = dcase2019Waveform({ samples })
  let i = 0
  bench('dcase2019Waveform', () => {
    i++
    pipeline.apply(clipSource, pipeline.draw(rng.fork(i), i % 8, clipSource))
  })

  const [scale, slice, mix, gain] = [scaleSamples(), sliceSamples({ samples, padding: 'bothSides' }), bcLearning(), gainSamples()]
  const part = (index: number): Example<Waveform> => {
    const { input } = clipSource.get(index)
    const scaled = scale.apply(input, scale.draw(rng, clipSource.about(index)))
    return { input: slice.apply(scaled, slice.draw(rng, { samples: scaled.samples.length })), labels }
  }
  bench('transform after transform', () => {
    i++
    const mixed = mix.apply(part(i % 8), part((7 * i) % 8), mix.draw(rng)).input
    gain.apply(mixed, gain.draw(rng, {}))
  })
})

/** As one would write it: a real FFT of every frame. */
function plainGain(samples: Float32Array): number {
  let loudest = 1e-8
  for (let start = 0; start + 4096 <= samples.length; start += 2048) {
    for (let i = 0; i < 4096; i++) frame[i] = hann[i] * samples[start + i]
    fft.realTransform(spectrum, frame)
    let power = 0
    for (let k = 0; k <= 2048; k++) power += weights[k] * (spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2)
    loudest = Math.max(loudest, power)
  }
  return 10 * Math.log10(loudest)
}
const fft = new FFT(4096)
const [frame, spectrum] = [new Float64Array(4096), new Float64Array(8192)]
const hann = Float64Array.from({ length: 4096 }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 4096))
const weights = Float64Array.from({ length: 2049 }, (_, k) => 10 ** (aWeighting((k * 44_100) / 4096) / 10))

const steady = noise(66_650)
const fading = steady.map((x, i) => x * Math.exp(-i / 20_000))
describe.each([
  ['steady noise', steady],
  ['fading noise', fading],
])('A-weighted gain of 66 650 samples, %s', (_, samples) => {
  const difference = Math.abs(clipGain(samples, { sampleRate: 44_100 }) - plainGain(samples))
  if (!(difference < 1e-9)) throw new Error(`the two disagree by ${difference} dB`)
  bench('clipGain', () => void clipGain(samples, { sampleRate: 44_100 }))
  bench('a real FFT of every frame', () => void plainGain(samples))
})
