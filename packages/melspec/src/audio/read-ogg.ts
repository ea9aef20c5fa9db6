import { MelspecError } from '../errors.js'
import type { Container } from './container.js'

const LAST_PAGE = 4
/** Granule position of a page on which no packet ends. */
const NONE = 0xffff_ffff_ffff_ffffn

/**
 * Walks the pages of an Ogg file: checksums, numbering and the sample count of the last page. The Vorbis decoder reports no damage and the Opus
 * decoder returns up to a frame too much, so both are found out here.
 */
export function readOgg(file: Uint8Array): Container {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let at = 0
  let pages = 0
  let granule = 0n
  let ended = false
  let serial = 0
  let truncated: string | undefined
  while (at < file.length) {
    const left = file.length - at
    if (left >= 4 && view.getUint32(at) !== 0x4f676753) {
      if (ended) break // bytes after the stream, an ID3 tag for instance
      throw corrupt(`page ${pages} should begin at byte ${at}, there is no page`)
    }
    const segments = left >= 27 ? file[at + 26] : 0
    let bytes = 27 + segments
    for (let i = 0; i < segments && at + 27 + i < file.length; i++) bytes += file[at + 27 + i]
    if (left < 27 + segments || left < bytes) {
      truncated = `the file ends inside page ${pages} of its Ogg stream, at byte ${file.length}`
      break
    }
    const page = file.subarray(at, at + bytes)
    if (checksum(page) !== view.getUint32(at + 22, true)) throw corrupt(`the checksum of page ${pages}, at byte ${at}, is wrong`)
    if (pages === 0) serial = view.getUint32(at + 14, true)
    if (ended || view.getUint32(at + 14, true) !== serial) {
      throw new MelspecError(
        'AUDIO_FORMAT',
        `decodeAudio: an Ogg file must hold a single stream, got another at byte ${at}. Split the file.`,
      )
    }
    if (view.getUint32(at + 18, true) !== pages)
      throw corrupt(`page ${view.getUint32(at + 18, true)} follows page ${pages - 1}, at byte ${at}`)
    const position = view.getBigUint64(at + 6, true)
    if (position !== NONE) granule = position
    ended = (page[5] & LAST_PAGE) !== 0
    pages++
    at += bytes
  }
  if (!ended) truncated ??= `the last page of the Ogg stream is missing after page ${pages - 1}`
  if (pages === 0) throw corrupt('no whole page')
  const payload = 27 + file[26]
  const name = String.fromCharCode(...file.subarray(payload, payload + 8))
  const codec = name.startsWith('\x01vorbis') ? 'oga' : name === 'OpusHead' ? 'opus' : name.startsWith('\x7fFLAC') ? 'flac' : undefined
  if (!codec)
    throw new MelspecError(
      'AUDIO_FORMAT',
      `decodeAudio: an Ogg stream must be Vorbis, Opus or FLAC, got ${JSON.stringify(name)}. Convert the file.`,
    )
  const skipped = codec === 'opus' ? view.getUint16(payload + 10, true) : 0
  return { codec, bytes: file.subarray(0, at), samples: Math.max(0, Number(granule) - skipped), truncated }
}

function corrupt(reason: string): MelspecError {
  return new MelspecError('AUDIO_CORRUPT', `decodeAudio: the Ogg stream is damaged: ${reason}. Get the file again.`)
}

/** CRC-32 of an Ogg page (polynomial 0x04c11db7, not reflected), its checksum field taken as 0. */
function checksum(page: Uint8Array): number {
  let crc = 0
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]
    crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte]
  }
  return crc >>> 0
}

const CRC_TABLE: Int32Array = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc
})
