import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { ClipFile } from '../data/clip-files.js'

/** Longest page of an Ogg stream, and so where its last one begins at the latest. */
const lastPageBytes = 65_307

/**
 * Length of a clip from the header of its file, without decoding: WAV, Ogg Vorbis and Opus. In an archive only the size is known, so WAV counts as FSDKaggle2019's
 * (44.1 kHz, 16 bits, mono).
 *
 * @returns seconds, or undefined where that does not tell
 */
export function clipSeconds(file: ClipFile): number | undefined {
  if ('entry' in file) return file.entry.toLowerCase().endsWith('.wav') ? Math.max(0, file.bytes - 44) / 88_200 : undefined
  try {
    const { size } = statSync(file.path)
    const handle = openSync(file.path, 'r')
    try {
      const at = (start: number, length: number) => {
        const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - start)))
        return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, start))
      }
      const head = at(0, 4096)
      const seconds =
        head.toString('latin1', 0, 4) === 'RIFF'
          ? wavSeconds(head, size)
          : oggSeconds(head, at(Math.max(0, size - lastPageBytes), lastPageBytes))
      return seconds !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
    } finally {
      closeSync(handle)
    }
  } catch {
    return undefined // what is wrong with it, `prepare` will say
  }
}

function wavSeconds(head: Buffer, size: number): number | undefined {
  let bytesPerSecond: number | undefined
  for (let at = 12; at + 8 <= head.length;) {
    const name = head.toString('latin1', at, at + 4)
    const length = head.readUInt32LE(at + 4)
    if (name === 'fmt ' && at + 20 <= head.length) bytesPerSecond = head.readUInt32LE(at + 16)
    if (name === 'data' && bytesPerSecond !== undefined) return Math.min(length, size - at - 8) / bytesPerSecond
    at += 8 + length + (length % 2)
  }
  return undefined
}

/** The last page says how many samples there are. */
function oggSeconds(head: Buffer, tail: Buffer): number | undefined {
  const page = tail.lastIndexOf('OggS')
  if (page < 0 || page + 14 > tail.length || head.length < 48) return undefined
  const samples = Number(tail.readBigInt64LE(page + 6))
  if (head.toString('latin1', 29, 35) === 'vorbis') return samples / head.readUInt32LE(40)
  if (head.toString('latin1', 28, 36) === 'OpusHead') return (samples - head.readUInt16LE(38)) / 48_000
  return undefined
}
