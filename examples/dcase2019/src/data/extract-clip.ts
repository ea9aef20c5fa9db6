import { decodeAudio, melSpectrogram, resample, toMono } from '@audiotag/melspec'
import type { MelSpectrogramOptions, Spectrogram } from '@audiotag/melspec'

import { DataError } from './data-error.js'

/** What is computed of every clip. JSON-safe. */
export interface FeatureSettings {
  /** Hz; clips at another rate are resampled. */
  readonly sampleRate: number
  /** Mel power spectrogram, or null for none. */
  readonly mel: MelSpectrogramOptions | null
  /** Keep the samples too. */
  readonly waveform: boolean
}

export interface ClipFeatures {
  /** Mono at `sampleRate`, ±1 full scale. */
  readonly samples: Float32Array
  /** Power `[bins, frames]`, no decibels yet: augmentation works on power. */
  readonly mel: Spectrogram | null
}

/** Half a step of 16 bits: a clip that never moves more holds no sound. */
const silentPeakToPeak = 1 / 65536

/**
 * Decodes a clip and computes its features.
 *
 * @param file what messages call it
 * @param silenceIsBad false for clips known to be silent
 * @throws DataError `bad-audio`: cannot be decoded, cut short, NaN, silent, or shorter than one FFT window
 */
export async function extractClip(bytes: Uint8Array, file: string, settings: FeatureSettings, silenceIsBad = true): Promise<ClipFeatures> {
  const bad = (reason: string): never => {
    throw new DataError('bad-audio', `${file}: ${reason.replace(/\.$/, '')}. Replace the file, or go on without it (--skip-bad).`, { file })
  }
  if (bytes.length === 0) return bad('the file is empty')
  // It looks for damage, missing ends, no samples, NaN and infinity.
  const { channelData, sampleRate } = await decodeAudio(bytes).catch((error: unknown) =>
    bad(`cannot be decoded (${(error as Error).message.replace(/\.$/, '')})`),
  )
  const mono = channelData.length === 1 ? channelData[0] : toMono({ channelData })
  const samples = sampleRate === settings.sampleRate ? mono : resample(mono, { fromHertz: sampleRate, toHertz: settings.sampleRate })
  const shortest = settings.mel?.nFft ?? 1
  if (samples.length < shortest) {
    return bad(`too short: ${samples.length} samples at ${settings.sampleRate} Hz, one FFT window takes ${shortest}`)
  }
  let low = samples[0]
  let high = samples[0]
  for (const value of samples) {
    if (value < low) low = value
    else if (value > high) high = value
  }
  if (silenceIsBad && high - low < silentPeakToPeak) return bad('silent: all samples are the same')
  return { samples, mel: settings.mel === null ? null : melSpectrogram(samples, settings.mel) }
}
