import { MelspecError } from '../errors.js'
import type { Container } from './container.js'

/** kbit/s by MPEG version (1, or 2 and 2.5) and layer. */
const KILOBITS: Readonly<Record<string, readonly number[]>> = {
  '1-1': [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1-2': [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1-3': [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2-1': [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2-2': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2-3': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const SAMPLE_RATES = [44100, 48000, 32000]
/** Tags that may follow the last frame. */
const TAGS = ['TAG', 'APETAGEX', 'LYRICSBEGIN', 'ID3', '3DI']

interface Frame {
  readonly bytes: number
  readonly mono: boolean
  /** Where an Info or Xing header would stand. */
  readonly infoAt: number
}

/**
 * Walks the frames of an MP3 file. MP3 has no checksum worth the name and the decoder fills gaps with what it can, so a chain of frames without a
 * break, as many as the encoder noted, is what can be checked.
 */
export function readMp3(file: Uint8Array): Container {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let at = 0
  let frames = 0
  let mono = true
  let promised: number | undefined
  let truncated: string | undefined
  while (at < file.length) {
    if (frames > 0 && isTrailer(file, at)) break
    const frame = file.length - at >= 4 ? readHeader(view, at) : undefined
    if (!frame) {
      if (frames > 0 && file.length - at < 4) truncated = `the file ends inside frame ${frames} of its MP3 stream`
      else if (frames === 0) throw new MelspecError('AUDIO_FORMAT', 'decodeAudio: this is neither MP3 nor another known format.')
      else
        throw new MelspecError(
          'AUDIO_CORRUPT',
          `decodeAudio: the MP3 stream is damaged: frame ${frames} should begin at byte ${at}. Get the file again.`,
        )
      break
    }
    if (at + frame.bytes > file.length) {
      truncated = `the file ends inside frame ${frames} of its MP3 stream`
      break
    }
    if (frames === 0) promised = infoFrames(file, view, at + frame.infoAt)
    mono &&= frame.mono
    frames++
    at += frame.bytes
  }
  // The Info frame itself is not counted.
  if (promised !== undefined && frames - 1 < promised) truncated ??= `${promised} MP3 frames were written, ${frames - 1} are there`
  return { codec: 'mp3', bytes: file.subarray(0, at), truncated, mono }
}

function readHeader(view: DataView, at: number): Frame | undefined {
  const header = view.getUint32(at)
  if (header >>> 21 !== 0x7ff) return undefined
  const version = (header >>> 19) & 3 // 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
  const layer = 4 - ((header >>> 17) & 3)
  const rate = (header >>> 10) & 3
  if (version === 1 || layer === 4 || rate === 3) return undefined
  const kilobits = KILOBITS[`${version === 3 ? 1 : 2}-${layer}`][(header >>> 12) & 15]
  if (!kilobits) return undefined
  const sampleRate = SAMPLE_RATES[rate] / (version === 3 ? 1 : version === 2 ? 2 : 4)
  const padding = (header >>> 9) & 1
  const mono = ((header >>> 6) & 3) === 3
  const samples = layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152
  const bytes =
    layer === 1
      ? (Math.floor((12_000 * kilobits) / sampleRate) + padding) * 4
      : Math.floor((samples * 125 * kilobits) / sampleRate) + padding
  const sideBytes = version === 3 ? (mono ? 17 : 32) : mono ? 9 : 17
  return { bytes, mono, infoAt: 4 + sideBytes }
}

/** Number of frames in the Info header that LAME and others write as the first frame. */
function infoFrames(file: Uint8Array, view: DataView, at: number): number | undefined {
  if (at + 12 > file.length) return undefined
  const name = String.fromCharCode(...file.subarray(at, at + 4))
  return (name === 'Info' || name === 'Xing') && (view.getUint32(at + 4) & 1) === 1 ? view.getUint32(at + 8) : undefined
}

function isTrailer(file: Uint8Array, at: number): boolean {
  const text = String.fromCharCode(...file.subarray(at, at + 11))
  return TAGS.some((tag) => text.startsWith(tag)) || file.subarray(at).every((byte) => byte === 0)
}
