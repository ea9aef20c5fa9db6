import { MelspecError } from '../errors.js'
import type { Audio } from './audio.js'

/** Options of `writeWav`: format of the samples in the file. */
export interface WriteWavOptions {
  /** `'s16'` (default), `'s24'`, `'s32'`: integers, rounded and clipped to full scale. `'f32'`: every bit kept. */
  readonly format?: 's16' | 's24' | 's32' | 'f32'
}

/**
 * Writes a WAV file. `readWav` gives the same samples back: exactly for `'f32'`, to half a step for integers.
 *
 * @param audio `[channels][samples]`, full scale ±1, and the sample rate in Hz
 * @throws `MELSPEC_SHAPE` no channels, or of different lengths; `MELSPEC_OPTION` a sample rate that WAV cannot hold or an unknown format;
 *         `AUDIO_NOT_FINITE` NaN or infinite samples in an integer format
 */
export function writeWav(audio: Audio, options: WriteWavOptions = {}): Uint8Array {
  const { channelData, sampleRate } = audio
  const { format = 's16' } = options
  const channels = channelData.length
  const sampleBytes = { s16: 2, s24: 3, s32: 4, f32: 4 }[format]
  if (!sampleBytes) throw new MelspecError('MELSPEC_OPTION', `writeWav: format must be s16, s24, s32 or f32, got ${format}.`)
  if (channels === 0 || channels > 0xffff)
    throw new MelspecError('MELSPEC_SHAPE', `writeWav: channelData must hold 1 to 65535 channels, got ${channels}.`)
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 0xffff_ffff) {
    throw new MelspecError('MELSPEC_OPTION', `writeWav: sampleRate must be a whole number of Hz, at least 1, got ${sampleRate}.`)
  }
  const frames = channelData[0].length
  if (channelData.some((samples) => samples.length !== frames)) {
    throw new MelspecError(
      'MELSPEC_SHAPE',
      `writeWav: all channels must have the same length, got ${channelData.map((samples) => samples.length).join(', ')}.`,
    )
  }
  const blockBytes = channels * sampleBytes
  const dataBytes = frames * blockBytes
  const pad = dataBytes % 2
  if (dataBytes + pad + 36 > 0xffff_ffff)
    throw new MelspecError('MELSPEC_SHAPE', `writeWav: a WAV file holds at most 4 GiB, got ${dataBytes} bytes.`)

  const file = new Uint8Array(44 + dataBytes + pad)
  const view = new DataView(file.buffer)
  const text = (at: number, name: string): void => {
    for (let i = 0; i < 4; i++) view.setUint8(at + i, name.charCodeAt(i))
  }
  text(0, 'RIFF')
  view.setUint32(4, 36 + dataBytes + pad, true)
  text(8, 'WAVE')
  text(12, 'fmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, format === 'f32' ? 3 : 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, (sampleRate * blockBytes) >>> 0, true)
  view.setUint16(32, blockBytes, true)
  view.setUint16(34, sampleBytes * 8, true)
  text(36, 'data')
  view.setUint32(40, dataBytes, true)

  const fullScale = 2 ** (sampleBytes * 8 - 1)
  for (const [channel, samples] of channelData.entries()) {
    let at = 44 + channel * sampleBytes
    for (let i = 0; i < frames; i++, at += blockBytes) {
      if (format === 'f32') {
        view.setFloat32(at, samples[i], true)
        continue
      }
      if (!Number.isFinite(samples[i])) {
        throw new MelspecError(
          'AUDIO_NOT_FINITE',
          `writeWav: samples must be finite, got ${samples[i]} at ${i} of channel ${channel}. Use format 'f32' to keep it.`,
        )
      }
      const value = Math.max(-fullScale, Math.min(fullScale - 1, Math.round(samples[i] * fullScale)))
      if (sampleBytes === 2) view.setInt16(at, value, true)
      else if (sampleBytes === 4) view.setInt32(at, value, true)
      else {
        view.setUint16(at, value & 0xffff, true)
        view.setInt8(at + 2, value >> 16)
      }
    }
  }
  return file
}
