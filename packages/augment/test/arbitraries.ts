import type { Example, ExampleSource, Spectrogram, Waveform } from '@audiotag/augment'
import { createRng } from '@audiotag/augment'
import fc from 'fast-check'

/** Power spectrograms, all values above 0 so that silence shows. */
export const spectrogram: fc.Arbitrary<Spectrogram> = fc
  .record({ bins: fc.integer({ min: 1, max: 40 }), frames: fc.integer({ min: 1, max: 60 }), seed: fc.integer() })
  .map(({ bins, frames, seed }) => noiseSpectrogram(bins, frames, seed))

export const waveform: fc.Arbitrary<Waveform> = fc
  .record({ length: fc.integer({ min: 1, max: 300 }), seed: fc.integer() })
  .map(({ length, seed }) => noiseWaveform(length, seed))

export const seed: fc.Arbitrary<number> = fc.integer()

export function noiseSpectrogram(bins: number, frames: number, seed: number): Spectrogram {
  const rng = createRng(seed)
  return { data: Float32Array.from({ length: bins * frames }, () => 0.1 + rng()), bins, frames }
}

export function noiseWaveform(length: number, seed: number, sampleRate = 16000): Waveform {
  const rng = createRng(seed)
  return { samples: Float32Array.from({ length }, () => 0.1 + 0.8 * rng()), sampleRate }
}

/** A source of clips with one class each. */
export function sourceOf<Input extends Spectrogram | Waveform>(inputs: readonly Input[], classes = 4): ExampleSource<Input> {
  const clips = inputs.map<Example<Input>>((input, i) => ({
    input,
    labels: Float32Array.from({ length: classes }, (_, c) => Number(c === i % classes)),
  }))
  return {
    size: clips.length,
    about: (index) => {
      const { input } = clips[index]
      return 'data' in input ? { bins: input.bins, frames: input.frames } : { samples: input.samples.length, sampleRate: input.sampleRate }
    },
    get: (index) => clips[index],
  }
}

/** What JSON keeps of a draw. */
export function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** Mean and variance of many draws. */
export function moments(count: number, draw: () => number): { mean: number; variance: number } {
  let sum = 0
  let squares = 0
  for (let i = 0; i < count; i++) {
    const x = draw()
    sum += x
    squares += x * x
  }
  const mean = sum / count
  return { mean, variance: squares / count - mean * mean }
}

/** The very bits of an example or a sample, with its sizes, as text: compares faster than element by element, and tells -0 from 0. */
export function bits(thing: Example<Spectrogram> | Example<Waveform> | Spectrogram | Waveform): string {
  if ('labels' in thing) return `${bits(thing.input)} ${text(thing.labels)}`
  return 'data' in thing ? `${thing.bins} × ${thing.frames} ${text(thing.data)}` : `${thing.sampleRate} Hz ${text(thing.samples)}`
}

function text(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
