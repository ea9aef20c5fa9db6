import type { Spectrogram } from '../spectrogram.js'
import { planStft } from './plan-stft.js'
import type { StftOptions } from './stft-options.js'

/**
 * |STFT|^power of a clip, as `abs(librosa.stft(y)) ** power`, in double precision.
 *
 * @param samples mono `[samples]`, at least 1 (uncentred: at least nFft)
 * @returns `[1 + ⌊nFft / 2⌋, frames]`; frames = 1 + ⌊samples / hopSamples⌋ when centred with even nFft
 * @throws `MELSPEC_OPTION`, `MELSPEC_SAMPLES`, `AUDIO_NOT_FINITE`
 */
export function stftPower(samples: Float32Array, options: StftOptions = {}): Spectrogram {
  const plan = planStft(options, 'stftPower')
  const { bins } = plan
  const frames = plan.frames(samples.length)
  const data = new Float32Array(bins * frames)
  plan.eachFrame(samples, (frame, spectrum) => {
    for (let bin = 0; bin < bins; bin++) data[bin * frames + frame] = spectrum[bin]
  })
  return { data, bins, frames }
}
