import { MelspecError } from '../errors.js'
import type { Spectrogram } from '../spectrogram.js'

/** Keeps a clip of one value (silence) from dividing by 0: it becomes 0 throughout. */
const EPSILON = 1e-7

/**
 * (x − mean) / (standard deviation + 1e-7) over all bins and frames of one clip; population standard deviation.
 *
 * @returns mean 0, standard deviation 1 (0 for a clip of one value), same shape
 * @throws `AUDIO_NOT_FINITE` NaN or infinite values
 * @see Akiyama & Sato 2019, §3.2
 */
export function standardize(spectrogram: Spectrogram): Spectrogram {
  const { data, bins, frames } = spectrogram
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += data[i]
  const mean = sum / data.length
  let squares = 0
  for (let i = 0; i < data.length; i++) squares += (data[i] - mean) ** 2
  const deviation = Math.sqrt(squares / data.length)
  if (!Number.isFinite(deviation))
    throw new MelspecError('AUDIO_NOT_FINITE', `standardize: values must be finite and at least one, got mean ${mean} of ${data.length}.`)
  const result = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) result[i] = (data[i] - mean) / (deviation + EPSILON)
  return { data: result, bins, frames }
}
