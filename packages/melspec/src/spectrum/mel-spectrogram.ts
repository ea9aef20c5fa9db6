import type { Spectrogram } from '../spectrogram.js'
import { type MelFilterbank, type MelFilterbankOptions, melFilterbank } from './mel-filterbank.js'
import { type StftPlan, planStft } from './plan-stft.js'
import type { StftOptions } from './stft-options.js'

/** Frames as in `StftOptions`, filters as in `MelFilterbankOptions`; the defaults are librosa's. */
export interface MelSpectrogramOptions extends StftOptions, MelFilterbankOptions {}

interface Plan {
  readonly stft: StftPlan
  readonly filterbank: MelFilterbank
}

/** Tables of frozen options, such as the presets give: a frozen object cannot change under its tables. */
const plans = new WeakMap<MelSpectrogramOptions, Plan>()

/**
 * Mel spectrogram of a clip, as `librosa.feature.melspectrogram`, in double precision and rounded to float32 at the end.
 *
 * With frozen options (the presets are) the tables are made once and kept for the next clip.
 *
 * @param samples mono `[samples]` at `options.sampleRate`, at least 1 (uncentred: at least nFft)
 * @returns power (or amplitude, see `power`), `[mels, frames]`; frames = 1 + ⌊samples / hopSamples⌋ when centred with even nFft
 * @throws `MELSPEC_OPTION` an option out of range; `MELSPEC_SAMPLES` a clip too short; `AUDIO_NOT_FINITE` NaN or infinite samples
 * @example
 * import { dcase2019, melSpectrogram } from '@audiotag/melspec'
 * const mel = melSpectrogram(new Float32Array(44100), dcase2019())
 * mel.bins // => 128
 * mel.frames // => 128
 */
export function melSpectrogram(samples: Float32Array, options: MelSpectrogramOptions): Spectrogram {
  const { stft, filterbank } = planOf(options)
  const { mels } = filterbank
  const frames = stft.frames(samples.length)
  const data = new Float32Array(mels * frames)
  stft.eachFrame(samples, (frame, spectrum) => applyFilters(filterbank, spectrum, data, frame, frames))
  return { data, bins: mels, frames }
}

function applyFilters(
  { mels, firstBin, offsets, weights }: MelFilterbank,
  spectrum: Float64Array,
  data: Float32Array,
  frame: number,
  frames: number,
): void {
  for (let mel = 0; mel < mels; mel++) {
    const end = offsets[mel + 1]
    let sum = 0
    for (let i = offsets[mel], bin = firstBin[mel]; i < end; i++, bin++) sum += weights[i] * spectrum[bin]
    data[mel * frames + frame] = sum
  }
}

function planOf(options: MelSpectrogramOptions): Plan {
  const known = plans.get(options)
  if (known) return known
  const plan = { stft: planStft(options, 'melSpectrogram'), filterbank: melFilterbank(options) }
  if (Object.isFrozen(options) && typeof (options.window ?? 'hann') === 'string') plans.set(options, plan)
  return plan
}
