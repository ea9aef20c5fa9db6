import { MelspecError } from '../errors.js'
import type { Audio } from './audio.js'
import { type ReadWavOptions, readWav } from './read-wav.js'

export interface DecodeAudioOptions extends ReadWavOptions {}

/** Decodes WAV. Other formats follow. */
export async function decodeAudio(bytes: Uint8Array | ArrayBuffer, options: DecodeAudioOptions = {}): Promise<Audio> {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  if (file[0] === 0x4f) {
    const { decoders } = await import('audio-decode')
    const buffer = await decoders.oga(file)
    const channelData = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel))
    if (buffer.length === 0) throw new MelspecError('AUDIO_EMPTY', 'decodeAudio: no samples.')
    return { channelData, sampleRate: buffer.sampleRate }
  }
  return readWav(file, options)
}
