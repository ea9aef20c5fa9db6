import { MelspecError } from '../errors.js'
import type { Audio } from './audio.js'

/** Options of `readWav`: what to do with a file that is cut off. */
export interface ReadWavOptions {
  /** A file that ends before its header says: `'error'` (default), or `'keep'` for the whole frames that are there. */
  readonly truncated?: 'error' | 'keep'
}

interface Format {
  readonly float: boolean
  readonly channels: number
  readonly sampleRate: number
  /** Bytes a sample takes in the file; with fewer valid bits they are the high ones. */
  readonly sampleBytes: number
}

const PCM = 1
const IEEE_FLOAT = 3
const EXTENSIBLE = 0xfffe
/** Bytes 2 to 15 of a WAVE_FORMAT_EXTENSIBLE sub-format whose first two are an ordinary format tag. */
const SUB_FORMAT_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
/** A writer that cannot seek back leaves 0xffffffff, or (SoX) a little less than 2³¹, as the size. */
const STREAMED_FROM = 0x7fff_0000

/**
 * Reads a WAV file: RIFF or RF64, PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, plain or extensible.
 *
 * Integers become value / 2^(bits − 1), unsigned 8-bit (value − 128) / 128, rounded once to float32: what libsndfile, librosa
 * and torchaudio give. Floats are kept as they are, beyond ±1 and NaN too. Unknown chunks are skipped, pad bytes honoured. A
 * streamed file (size never filled in) is read to its end.
 *
 * @param bytes the whole file
 * @returns one array a channel; the caller owns them
 * @throws `AUDIO_EMPTY` no samples; `AUDIO_FORMAT` not WAV, or an encoding other than the above; `AUDIO_CORRUPT` a header that
 *         contradicts itself; `AUDIO_TRUNCATED` fewer samples than promised (see `options.truncated`)
 * @example
 * import { readWav, writeWav } from '@audiotag/melspec'
 * const bytes = writeWav({ channelData: [Float32Array.of(0, 0.5, -1)], sampleRate: 44100 })
 * readWav(bytes).channelData[0] // => [0, 0.5, -1]
 */
export function readWav(bytes: Uint8Array | ArrayBuffer, options: ReadWavOptions = {}): Audio {
  const { truncated = 'error' } = options
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length === 0) throw new MelspecError('AUDIO_EMPTY', 'readWav: a WAV file must not be empty, got 0 bytes.')
  const kind = file.length >= 4 ? tag(view, 0) : ''
  if (kind !== 'RIFF' && kind !== 'RF64' && kind !== 'BW64') {
    const more = kind === 'RIFX' ? ' Big-endian RIFX is not supported.' : ' Use decodeAudio for other formats.'
    throw new MelspecError('AUDIO_FORMAT', `readWav: a WAV file must begin with RIFF or RF64, got ${printable(file)}.${more}`)
  }
  if (file.length < 12)
    throw new MelspecError('AUDIO_TRUNCATED', `readWav: the file ends inside its RIFF header, after ${file.length} bytes.`)
  if (tag(view, 8) !== 'WAVE')
    throw new MelspecError('AUDIO_FORMAT', `readWav: a RIFF file must be of form WAVE, got ${JSON.stringify(tag(view, 8))}.`)

  let format: Format | undefined
  let longDataBytes: number | undefined
  for (let at = 12; at + 8 <= file.length;) {
    const name = tag(view, at)
    const declared = view.getUint32(at + 4, true)
    const body = at + 8
    const left = file.length - body
    if (name === 'data') {
      if (!format) throw new MelspecError('AUDIO_CORRUPT', 'readWav: a fmt chunk must come before the data chunk, got none.')
      const riffBytes = view.getUint32(4, true)
      return readSamples(view, body, dataBytes(declared, longDataBytes, left, riffBytes), format, truncated)
    }
    if (declared > left) {
      const known = name === 'fmt ' || name === 'ds64'
      throw new MelspecError(
        known ? 'AUDIO_TRUNCATED' : 'AUDIO_CORRUPT',
        `readWav: chunk ${JSON.stringify(name)} at byte ${at} claims ${declared} bytes, ${left} are left in the file.`,
      )
    }
    if (name === 'fmt ') format = readFormat(view, body, declared)
    else if (name === 'ds64' && declared >= 16) longDataBytes = Number(view.getBigUint64(body + 8, true))
    at = body + declared + (declared % 2)
  }
  throw new MelspecError('AUDIO_CORRUPT', `readWav: the file has no data chunk${format ? '' : ' and no fmt chunk'}.`)
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16) throw new MelspecError('AUDIO_CORRUPT', `readWav: the fmt chunk must have at least 16 bytes, got ${size}.`)
  const channels = view.getUint16(at + 2, true)
  const sampleRate = view.getUint32(at + 4, true)
  const blockBytes = view.getUint16(at + 12, true)
  const bits = view.getUint16(at + 14, true)
  let encoding = view.getUint16(at, true)
  if (encoding === EXTENSIBLE) {
    const known = size >= 40 && SUB_FORMAT_TAIL.every((byte, i) => view.getUint8(at + 26 + i) === byte)
    if (!known)
      throw new MelspecError('AUDIO_FORMAT', 'readWav: the sub-format of this extensible WAV is neither PCM nor float. Convert the file.')
    encoding = view.getUint16(at + 24, true)
  }
  if (encoding !== PCM && encoding !== IEEE_FLOAT) {
    const hex = `0x${encoding.toString(16).padStart(4, '0')}`
    throw new MelspecError(
      'AUDIO_FORMAT',
      `readWav: the encoding must be PCM (0x0001) or float (0x0003), got format tag ${hex}. Convert the file.`,
    )
  }
  if (channels === 0) throw new MelspecError('AUDIO_CORRUPT', 'readWav: the number of channels must be at least 1, got 0.')
  if (sampleRate === 0) throw new MelspecError('AUDIO_CORRUPT', 'readWav: the sample rate must be at least 1 Hz, got 0.')
  const float = encoding === IEEE_FLOAT
  const sampleBytes = Math.ceil(bits / 8)
  if (float ? bits !== 32 && bits !== 64 : bits < 1 || bits > 32) {
    throw new MelspecError(
      'AUDIO_FORMAT',
      `readWav: ${float ? 'float samples must have 32 or 64' : 'PCM samples must have 1 to 32'} bits, got ${bits}.`,
    )
  }
  if (blockBytes !== channels * sampleBytes) {
    throw new MelspecError(
      'AUDIO_CORRUPT',
      `readWav: a frame of ${channels} channels of ${bits} bits must take ${channels * sampleBytes} bytes, the header says ${blockBytes}.`,
    )
  }
  return { float, channels, sampleRate, sampleBytes }
}

/** How many bytes of samples the header promises; `left` when it leaves that open. */
function dataBytes(declared: number, longDataBytes: number | undefined, left: number, riffBytes: number): number {
  if (declared === 0xffff_ffff && longDataBytes !== undefined) return longDataBytes
  if (declared >= STREAMED_FROM && declared > left) return left
  if (declared === 0 && (riffBytes === 0 || riffBytes >= STREAMED_FROM)) return left
  return declared
}

function readSamples(view: DataView, at: number, promised: number, format: Format, truncated: 'error' | 'keep'): Audio {
  const { channels, sampleRate, sampleBytes } = format
  const left = view.byteLength - at
  if (promised > left && truncated === 'error') {
    throw new MelspecError(
      'AUDIO_TRUNCATED',
      `readWav: the data chunk promises ${promised} bytes, ${left} are left in the file. Get the file again, or take what is there with { truncated: 'keep' }.`,
    )
  }
  const blockBytes = channels * sampleBytes
  const frames = Math.floor(Math.min(promised, left) / blockBytes)
  if (frames === 0) throw new MelspecError('AUDIO_EMPTY', 'readWav: the data chunk must hold at least one sample, got none.')
  const read = reader(view, format)
  const channelData = Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(frames)
    let from = at + channel * sampleBytes
    for (let i = 0; i < frames; i++, from += blockBytes) samples[i] = read(from)
    return samples
  })
  return { channelData, sampleRate }
}

function reader(view: DataView, { float, sampleBytes }: Format): (at: number) => number {
  if (float) return sampleBytes === 4 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true)
  if (sampleBytes === 1) return (at) => (view.getUint8(at) - 128) / 128
  if (sampleBytes === 2) return (at) => view.getInt16(at, true) / 0x8000
  if (sampleBytes === 3) return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 0x80_0000
  return (at) => view.getInt32(at, true) / 0x8000_0000
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}

function printable(file: Uint8Array): string {
  return JSON.stringify(String.fromCharCode(...file.subarray(0, 4)))
}
