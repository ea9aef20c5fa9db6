import { MelspecError } from '../errors.js'
import type { Audio } from './audio.js'
import type { Container } from './container.js'
import { readFlac } from './read-flac.js'
import { readMp3 } from './read-mp3.js'
import { readOgg } from './read-ogg.js'
import { type ReadWavOptions, readWav } from './read-wav.js'
import { type Decoded, runCodec } from './run-codec.js'

/** Options of `decodeAudio`: what to do with a file that is cut off. */
export interface DecodeAudioOptions extends ReadWavOptions {
  /** A file that ends too early: `'error'` (default), or `'keep'` for what is there. */
  readonly truncated?: 'error' | 'keep'
}

/**
 * Decodes an audio file: WAV by `readWav`; Ogg Vorbis, Opus, FLAC, MP3 and QOA by the `audio-decode` package, which is loaded on first use.
 *
 * Nothing is resampled or mixed down. WAV, FLAC and QOA are exact (value / 2^(bits − 1), 32-bit FLAC to the last bit of float32); Vorbis and MP3 agree with libsndfile
 * to 1e-5 and have its length, Opus (always at 48 kHz) to 1e-4. Every result is checked: page checksums and sample counts of Ogg, the sample
 * count of FLAC, the frame chain of MP3, finite samples.
 *
 * @param bytes the whole file; not changed
 * @returns one array a channel; the caller owns them
 * @throws `AUDIO_EMPTY` no bytes or no samples; `AUDIO_FORMAT` not a known format; `AUDIO_CORRUPT` damaged; `AUDIO_TRUNCATED` cut short;
 *         `AUDIO_NOT_FINITE` NaN or infinite samples
 */
export async function decodeAudio(bytes: Uint8Array | ArrayBuffer, options: DecodeAudioOptions = {}): Promise<Audio> {
  const { truncated = 'error' } = options
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  if (file.length === 0) throw new MelspecError('AUDIO_EMPTY', 'decodeAudio: a file must not be empty, got 0 bytes.')
  const container = readContainer(file)
  if (container === 'wav') return checked(readWav(file, { truncated }))
  if (container.truncated && truncated === 'error') throw cut(container.truncated)
  const decoded = await runCodec(container.codec, container.bytes)
  return checked(toAudio(decoded, container, truncated))
}

function readContainer(file: Uint8Array): Container | 'wav' {
  const start = skipId3(file)
  const body = start > 0 ? file.subarray(start) : file
  const magic = String.fromCharCode(...body.subarray(0, 4))
  if (/^(RIFF|RF64|BW64|RIFX)/.test(magic)) return 'wav'
  if (magic === 'OggS') return readOgg(body)
  if (magic === 'fLaC') return readFlac(body)
  if (magic === 'qoaf')
    return { codec: 'qoa', bytes: body, samples: body.length >= 8 ? new DataView(body.buffer, body.byteOffset).getUint32(4) : undefined }
  if (body[0] === 0xff && body[1] >= 0xe0) return readMp3(body)
  throw new MelspecError(
    'AUDIO_FORMAT',
    `decodeAudio: the file must be WAV, Ogg Vorbis, Opus, FLAC, MP3 or QOA, its first bytes are ${JSON.stringify(magic)}. Convert the file.`,
  )
}

/** Length of an ID3v2 tag, which MP3 and FLAC files may begin with. */
function skipId3(file: Uint8Array): number {
  if (file.length < 10 || file[0] !== 0x49 || file[1] !== 0x44 || file[2] !== 0x33) return 0
  const bytes = 10 + file[6] * 2 ** 21 + file[7] * 2 ** 14 + file[8] * 2 ** 7 + file[9]
  if (bytes >= file.length) throw cut('the file ends inside its ID3 tag')
  return bytes
}

function toAudio(decoded: Decoded, container: Container, truncated: 'error' | 'keep'): Audio {
  const { sampleRate, errors = [] } = decoded
  const { samples: promised, codec } = container
  if (errors.length > 0)
    throw new MelspecError('AUDIO_CORRUPT', `decodeAudio: the ${codec} stream is damaged: ${errors[0].message}. Get the file again.`)
  const channels = container.mono ? decoded.channelData.slice(0, 1) : decoded.channelData
  const samples = channels[0]?.length ?? 0
  if (promised !== undefined && samples < promised && truncated === 'error') {
    throw cut(`the file promises ${promised} samples a channel, ${samples} could be decoded`)
  }
  const length = promised === undefined ? samples : Math.min(samples, promised)
  const channelData = channels.map((data) => (length < data.length ? data.slice(0, length) : data))
  if (codec === 'flac') for (const data of channelData) rescaleFlac(data, decoded.bitDepth ?? 16)
  if (codec === 'qoa') for (const data of channelData) rescaleQoa(data)
  return { channelData, sampleRate }
}

/**
 * The FLAC decoder divides by 2^(bits − 1) − 1, so that −2^(bits − 1) is below −1. Up to 24 bits the integer comes back exactly: its float32 is off by less than
 * half a step (at most a quarter at 24 bits).
 */
function rescaleFlac(data: Float32Array, bits: number): void {
  const fullScale = 2 ** (bits - 1)
  for (let i = 0; i < data.length; i++) {
    const value = data[i] * (fullScale - 1)
    data[i] = (bits <= 24 ? Math.round(value) : value) / fullScale
  }
}

/** The QOA decoder divides what is above 0 by 32767. */
function rescaleQoa(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) if (data[i] > 0) data[i] = Math.round(data[i] * 32767) / 32768
}

function checked(audio: Audio): Audio {
  const { channelData, sampleRate } = audio
  if (!Number.isInteger(sampleRate) || sampleRate < 1)
    throw new MelspecError('AUDIO_CORRUPT', `decodeAudio: the sample rate must be at least 1 Hz, got ${sampleRate}.`)
  if (channelData.length === 0 || channelData[0].length === 0)
    throw new MelspecError('AUDIO_EMPTY', 'decodeAudio: the file must hold at least one sample, got none.')
  for (const [channel, data] of channelData.entries()) {
    if (data.length !== channelData[0].length) throw new MelspecError('AUDIO_CORRUPT', 'decodeAudio: the channels have different lengths.')
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i])) {
        throw new MelspecError(
          'AUDIO_NOT_FINITE',
          `decodeAudio: samples must be finite, got ${data[i]} at sample ${i} of channel ${channel}. readWav keeps such samples.`,
        )
      }
    }
  }
  return audio
}

function cut(reason: string): MelspecError {
  return new MelspecError(
    'AUDIO_TRUNCATED',
    `decodeAudio: ${reason}. Get the file again, or take what is there with { truncated: 'keep' }.`,
  )
}
