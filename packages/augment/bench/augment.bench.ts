import type { ExampleSource, Spectrogram, Waveform } from '@audiotag/augment'
import { bcLearning, clipGain, createRng, dcase2019Logmel, dcase2019Waveform, frequencyMask, timeWarp } from '@audiotag/augment'
import { bench, describe } from 'vitest'

const rng = createRng('bench')
const random = (length: number): Float32Array => Float32Array.from({ length }, () => rng())
const labels = new Float32Array(80)
const source = <Input extends Spectrogram | Waveform>(inputs: Input[], about: ExampleSource<Input>['about']): ExampleSource<Input> => ({
  size: inputs.length,
  about,
  get: (index) => ({ input: inputs[index], labels }),
})

const mels = Array.from({ length: 32 }, (_, i): Spectrogram => ({ data: random(128 * (150 + 10 * i)), bins: 128, frames: 150 + 10 * i }))
const melSource = source(mels, (index) => ({ bins: 128, frames: mels[index].frames }))
const clips = Array.from({ length: 8 }, (_, i): Waveform => ({ samples: random(44_100 * (1 + i)), sampleRate: 44_100 }))
const clipSource = source(clips, (index) => ({ samples: clips[index].samples.length, sampleRate: 44_100 }))

describe('one log-mel example, 128 bins', () => {
  for (const frames of [128, 512]) {
    for (const variant of ['default', 'paper'] as const) {
      const pipeline = dcase2019Logmel({ frames, variant })
      let i = 0
      bench(`dcase2019Logmel ${variant}, ${frames} frames: draw and apply`, () => {
        const clip = i++ % 32
        pipeline.apply(melSource, pipeline.draw(rng.fork(i), clip, melSource))
      })
    }
  }
})

describe('one waveform example, 66 650 samples', () => {
  for (const variant of ['default', 'paper', 'referenceCode'] as const) {
    const pipeline = dcase2019Waveform({ samples: 66_650, variant })
    let i = 0
    bench(`dcase2019Waveform ${variant}: draw and apply`, () => {
      const clip = i++ % 8
      pipeline.apply(clipSource, pipeline.draw(rng.fork(i), clip, clipSource))
    })
  }
})

describe('parts', () => {
  const mask = frequencyMask({ p: 1 })
  const warp = timeWarp({ p: 1 })
  const mel = { data: random(128 * 128), bins: 128, frames: 128 }
  const example = { input: { samples: random(66_650), sampleRate: 44_100 }, labels }
  const mix = bcLearning()
  bench('createRng and one number', () => void createRng(1)())
  bench('fork and one number', () => void rng.fork('clip-17')())
  bench('frequencyMask 128 × 128', () => void mask.apply(mel, mask.draw(rng, mel)))
  bench('timeWarp 128 × 128', () => void warp.apply(mel, warp.draw(rng, mel)))
  bench('clipGain A, 66 650 samples', () => void clipGain(example.input.samples, { sampleRate: 44_100 }))
  bench('clipGain rms, 66 650 samples', () => void clipGain(example.input.samples, { sampleRate: 44_100, mode: 'rms' }))
  bench('bcLearning, 66 650 samples', () => void mix.apply(example, example, { ratio: 0.3 }))
})
