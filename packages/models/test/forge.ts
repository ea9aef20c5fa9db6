import { deflateRawSync } from 'node:zlib'
import { checkpointBytes } from './checkpoint-set.js'

const bytesOf = (...parts: readonly (string | number | readonly number[] | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : typeof part === 'number' ? [part] : [...part])),
  )

const uint32 = (n: number): number[] => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24]
const uint16 = (n: number): number[] => uint32(n).slice(0, 2)
const text = (value: string): number[] => [0x58, ...uint32(Buffer.byteLength(value)), ...Buffer.from(value)]

/** Pieces of a pickle of protocol 2. */
export const op = {
  bytesOf,
  uint32,
  text,
  /** `length` of the `size` floats of one storage, from `offset` on; the storage has to come with it. */
  tensor: (size: number, legacy: boolean, { offset = 0, length = size } = {}): Uint8Array =>
    bytesOf(
      'ctorch._utils\n_rebuild_tensor_v2\n((',
      text('storage'),
      'ctorch\nFloatStorage\n',
      text('0'),
      text('cpu'),
      [0x4a, ...uint32(size)],
      legacy ? 'N' : '',
      'tQ',
      [0x4b, offset],
      [0x4a, ...uint32(length)],
      [0x85, 0x4b, 1, 0x85, 0x89],
      'ccollections\nOrderedDict\n)RtR',
    ),
} as const

/** A legacy file of any pickle: the head and the list of storages are PyTorch's. `storages`: their floats. */
export function legacyFile(pickle: Uint8Array, storages: Record<string, Float32Array> = {}): Uint8Array {
  const real = checkpointBytes({ file: 'forged-legacy.pth' })
  let head = 0
  for (let pickles = 0; pickles < 3; head++) if (real[head] === 0x2e && real[head + 1] === 0x80) pickles++
  const keys = bytesOf([0x80, 2], ']', ...Object.keys(storages).flatMap((key) => [text(key), 'a']), '.')
  const data = Object.values(storages).map((floats) => bytesOf(uint32(floats.length), [0, 0, 0, 0], new Uint8Array(floats.buffer)))
  return bytesOf(real.subarray(0, head), pickle, keys, ...data)
}

/** Whole dict of pickled values: `{ key: value, … }`. */
export const dictPickle = (entries: Record<string, Uint8Array>): Uint8Array =>
  bytesOf([0x80, 2], '}', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value, 's']), '.')

interface Forged {
  readonly data: Uint8Array
  readonly size?: number
  readonly flags?: number
  readonly deflated?: boolean
}

function crcOf(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

/** A zip that may lie about sizes and flags. */
export function zipFile(records: readonly (readonly [name: string, record: Forged])[]): Uint8Array {
  const locals: Uint8Array[] = []
  const central: Uint8Array[] = []
  let at = 0
  for (const [name, { data, size = data.length, flags = 0, deflated = false }] of records) {
    const packed = deflated ? deflateRawSync(data) : data
    const head = [
      ...uint16(20),
      ...uint16(flags),
      ...uint16(deflated ? 8 : 0),
      ...uint32(0),
      ...uint32(crcOf(data)),
      ...uint32(packed.length),
      ...uint32(size),
    ]
    const local = bytesOf(uint32(0x04034b50), head, uint16(name.length), uint16(0), name, packed)
    central.push(bytesOf(uint32(0x02014b50), uint16(20), head, uint16(name.length), Array<number>(12).fill(0), uint32(at), name))
    locals.push(local)
    at += local.length
  }
  const size = central.reduce((sum, { length }) => sum + length, 0)
  const end = [
    ...uint32(0x06054b50),
    0,
    0,
    0,
    0,
    ...uint16(records.length),
    ...uint16(records.length),
    ...uint32(size),
    ...uint32(at),
    0,
    0,
  ]
  return Buffer.concat([...locals, ...central, bytesOf(end)])
}
