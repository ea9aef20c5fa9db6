import { readFile } from 'node:fs/promises'
import { MelspecError } from '../errors.js'
import type { Waveform } from './audio.js'
import { type DecodeAudioOptions, decodeAudio } from './decode-audio.js'
import { resample } from './resample.js'
import { toMono } from './to-mono.js'

/** Options of `readAudioFile`: those of `decodeAudio`, and the sample rate wanted. */
export interface ReadAudioFileOptions extends DecodeAudioOptions {
  /** Hz wanted; the clip is resampled to it. Default: the rate of the file. */
  readonly sampleRate?: number
}

/**
 * Reads an audio file as mono, at the wanted rate: decode, mean of the channels, resample.
 *
 * @throws as `decodeAudio`, `AUDIO_READ` when the file cannot be read; every message begins with the path
 */
export async function readAudioFile(path: string | URL, options: ReadAudioFileOptions = {}): Promise<Waveform> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw new MelspecError('AUDIO_READ', `${String(path)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  try {
    const audio = await decodeAudio(bytes, options)
    const { sampleRate = audio.sampleRate } = options
    return { samples: resample(toMono(audio), { fromHertz: audio.sampleRate, toHertz: sampleRate }), sampleRate }
  } catch (error) {
    if (!(error instanceof MelspecError)) throw error
    throw new MelspecError(error.code, `${String(path)}: ${error.message}`, { cause: error })
  }
}
