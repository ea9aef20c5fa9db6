import { crc32 } from './crc32.js'
import { refusedCheckpoint } from './refused-checkpoint.js'

/** A record of a zip archive, as its central directory has it. */
export interface ZipRecord {
  /** Bytes when unpacked. */
  readonly size: number
  /** The bytes, with their CRC-32 checked: a view into the archive where they are stored as they are. */
  read(): Promise<Uint8Array>
}

const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const STORED = 0
const DEFLATED = 8

/**
 * Deflated records may unpack to so many times the bytes of the archive, all together, and a MiB: weights shrink by a tenth, a bomb by a thousand.
 */
const MAX_GROWTH = 64

/**
 * The records of a zip archive by name, nothing unpacked yet. Strict, because two readers that differ on an archive are a way to hide things in it: no name
 * twice, local and central headers agree, everything lies inside the file. No encryption, no zip64 (PyTorch needs it beyond 4 GiB only).
 */
export function zipRecords(bytes: Uint8Array): ReadonlyMap<string, ZipRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endOfDirectory(bytes, view)
  const count = view.getUint16(end + 10, true)
  const directory = view.getUint32(end + 16, true)
  const directoryEnd = directory + view.getUint32(end + 12, true)
  if (directoryEnd > end) throw refusedCheckpoint(`the zip's central directory must end before byte ${end}, it declares ${directoryEnd}`)
  const unpacked = { left: MAX_GROWTH * bytes.length + 2 ** 20 }
  const records = new Map<string, ZipRecord>()
  let at = directory
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > directoryEnd || view.getUint32(at, true) !== CENTRAL)
      throw refusedCheckpoint(`the zip's central directory must have ${count} records, it ends after ${i}`)
    const nameBytes = view.getUint16(at + 28, true)
    const next = at + CENTRAL_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (next > directoryEnd) throw refusedCheckpoint(`record ${i} of the zip's central directory goes beyond its end`)
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes))
    if (records.has(name)) throw refusedCheckpoint(`the zip must name each record once, it has two of ${JSON.stringify(name)}`)
    records.set(name, recordAt(bytes, view, { name, at, nameBytes, directory, unpacked }))
    at = next
  }
  return records
}

function endOfDirectory(bytes: Uint8Array, view: DataView): number {
  const first = Math.max(0, bytes.length - END_BYTES - 0xffff)
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === bytes.length) return at
  }
  throw refusedCheckpoint('a zip must end with its central directory, which is missing', 'The file is truncated: get it again.')
}

interface Place {
  readonly name: string
  /** Of the entry in the central directory. */
  readonly at: number
  readonly nameBytes: number
  /** Where the central directory starts: data lies before it. */
  readonly directory: number
  readonly unpacked: { left: number }
}

function recordAt(bytes: Uint8Array, view: DataView, { name, at, nameBytes, directory, unpacked }: Place): ZipRecord {
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)]
  const [crc, packed, size, local] = [at + 16, at + 20, at + 24, at + 42].map((field) => view.getUint32(field, true))
  const shown = `zip record ${JSON.stringify(name.slice(0, 80))}`
  const contents = (): Uint8Array => {
    if (flags & 1) throw refusedCheckpoint(`${shown} must not be encrypted`, 'Decrypt the file first.')
    if (packed === 0xffffffff || size === 0xffffffff || local === 0xffffffff)
      throw refusedCheckpoint(`${shown} must be below 4 GiB`, 'Save the state_dict in several files, or as float16.')
    if (method !== STORED && method !== DEFLATED) throw refusedCheckpoint(`${shown} must be stored or deflated, got method ${method}`)
    if (method === STORED && packed !== size)
      throw refusedCheckpoint(`${shown} is stored and must have one size, got ${packed} and ${size}`)
    const there =
      local + LOCAL_BYTES + nameBytes <= directory &&
      view.getUint32(local, true) === LOCAL &&
      view.getUint16(local + 8, true) === method &&
      view.getUint16(local + 26, true) === nameBytes &&
      bytes.subarray(local + LOCAL_BYTES, local + LOCAL_BYTES + nameBytes).every((byte, i) => byte === bytes[at + CENTRAL_BYTES + i])
    if (!there) throw refusedCheckpoint(`${shown} must be at byte ${local}, another thing or nothing is`)
    const start = local + LOCAL_BYTES + nameBytes + view.getUint16(local + 28, true)
    if (start + packed > directory)
      throw refusedCheckpoint(`${shown} declares ${packed} bytes, ${Math.max(0, directory - start)} are there`)
    return bytes.subarray(start, start + packed)
  }
  const read = async (): Promise<Uint8Array> => {
    const data = contents()
    const result = method === STORED ? data : await inflated(shown, data, size, unpacked)
    if (crc32(result) !== crc) throw refusedCheckpoint(`${shown} must have the CRC-32 that the zip gives, it differs`)
    return result
  }
  return { size, read }
}

/** Unpacks `size` bytes and not one more; `unpacked.left` is what may still be unpacked of this archive. */
async function inflated(shown: string, data: Uint8Array, size: number, unpacked: { left: number }): Promise<Uint8Array> {
  if (size > unpacked.left)
    throw refusedCheckpoint(
      `${shown} unpacks to ${size} bytes, beyond ${MAX_GROWTH} times the file`,
      'Unpack it and zip it without compression.',
    )
  unpacked.left -= size
  const result = new Uint8Array(size)
  let at = 0
  const wrongSize = (): Error => refusedCheckpoint(`${shown} must unpack to ${size} bytes, it has ${at < size ? 'fewer' : 'more'}`)
  const reader = new Blob([new Uint8Array(data)]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  for (;;) {
    let chunk: Uint8Array | undefined
    try {
      chunk = (await reader.read()).value
    } catch (cause) {
      throw refusedCheckpoint(`${shown} must be deflated data, it is damaged`, undefined, cause)
    }
    if (chunk === undefined) break
    if (at + chunk.length > size) {
      at += chunk.length
      await reader.cancel()
      throw wrongSize()
    }
    result.set(chunk, at)
    at += chunk.length
  }
  if (at !== size) throw wrongSize()
  return result
}
