import { MelspecError } from '../errors.js'
import type { Audio } from './audio.js'

/**
 * The mean of all channels, as `librosa.to_mono`. A mono clip gives a copy.
 *
 * @returns `[samples]`; the caller owns it
 * @throws `MELSPEC_SHAPE` no channels, or of different lengths
 */
export function toMono(audio: Pick<Audio, 'channelData'>): Float32Array {
  const { channelData } = audio
  if (channelData.length === 0) throw new MelspecError('MELSPEC_SHAPE', 'toMono: channelData must hold at least one channel, got none.')
  const [first] = channelData
  if (channelData.some((samples) => samples.length !== first.length)) {
    throw new MelspecError(
      'MELSPEC_SHAPE',
      `toMono: all channels must have the same length, got ${channelData.map((samples) => samples.length).join(', ')}.`,
    )
  }
  if (channelData.length === 1) return first.slice()
  return first.map((_, i) => {
    let sum = 0
    for (const samples of channelData) sum += samples[i]
    return sum / channelData.length
  })
}
