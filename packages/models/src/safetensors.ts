import { ModelError } from './errors.js'
import { widenBfloat16, widenFloat16 } from './half-precision.js'
import type { NamedArray, TensorData } from './named-array.js'

/** What a safetensors file holds. */
export interface SafetensorsContents {
  readonly tensors: Record<string, NamedArray>
  /** Free text by name; empty if the file has none. */
  readonly metadata: Record<string, string>
}

/** Longest header that is read or written, as in the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000

type NumberArray = new (buffer: ArrayBuffer) => TensorData

interface DType {
  readonly bytes: number
  readonly read: (buffer: ArrayBuffer) => TensorData
}

const as = (constructor: NumberArray, bytes: number): DType => ({ bytes, read: (buffer) => new constructor(buffer) })

const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['F32', as(Float32Array, 4)],
  ['F64', as(Float64Array, 8)],
  ['F16', { bytes: 2, read: (buffer) => widenFloat16(new Uint16Array(buffer)) }],
  ['BF16', { bytes: 2, read: (buffer) => widenBfloat16(new Uint16Array(buffer)) }],
  ['I8', as(Int8Array, 1)],
  ['I16', as(Int16Array, 2)],
  ['I32', as(Int32Array, 4)],
  ['I64', as(BigInt64Array, 8)],
  ['U8', as(Uint8Array, 1)],
  ['U16', as(Uint16Array, 2)],
  ['U32', as(Uint32Array, 4)],
  ['U64', as(BigUint64Array, 8)],
  ['BOOL', as(Uint8Array, 1)],
])

const WRITTEN: readonly (readonly [string, { readonly name: string }])[] = [
  ['F32', Float32Array],
  ['F64', Float64Array],
  ['I8', Int8Array],
  ['I16', Int16Array],
  ['I32', Int32Array],
  ['I64', BigInt64Array],
  ['U8', Uint8Array],
  ['U16', Uint16Array],
  ['U32', Uint32Array],
  ['U64', BigUint64Array],
]

const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)

/**
 * Writes tensors as a safetensors file: https://github.com/huggingface/safetensors. Tensors are stored in the order given.
 *
 * @param tensors  name → numbers in row-major order and their shape
 * @param metadata free text by name
 * @returns the bytes of the file; the same input gives the same bytes
 * @throws {ModelError} `weights`: a shape that does not match its data, a type that is not a number array, or the reserved name `__metadata__`.
 * @example
 * import { decodeSafetensors, encodeSafetensors } from '@audiotag/models'
 *
 * const bytes = encodeSafetensors({ bias: { data: Float32Array.of(1, 2, 3), shape: [3] } }, { format: 'pt' })
 * decodeSafetensors(bytes).metadata // => { format: 'pt' }
 * Array.from(decodeSafetensors(bytes).tensors.bias.data) // => [1, 2, 3]
 */
export function encodeSafetensors(tensors: Record<string, NamedArray>, metadata?: Record<string, string>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {}
  if (metadata !== undefined) {
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value !== 'string') throw unwritable(`metadata must be text, got ${typeof value} for ${key}`, 'Write it as JSON text')
    }
    header['__metadata__'] = metadata
  }
  let offset = 0
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name === '__metadata__' || name === '__proto__') throw unwritable(`a tensor cannot be called ${name}`, 'Rename it')
    const dtype = WRITTEN.find(([, constructor]) => data?.constructor?.name === constructor.name)?.[0]
    if (dtype === undefined)
      throw unwritable(`${name} must be a typed array of numbers, got ${typeof data}`, 'Pass for example a Float32Array')
    if (!sizes(shape) || elements(shape) !== data.length) {
      throw unwritable(`the shape of ${name} must have ${data.length} elements, got [${String(shape)}]`, 'Pass the shape of the data')
    }
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + headerBytes + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, 8, 8 + headerBytes) // padded with spaces, so that tensors start at a multiple of 8
  bytes.set(json, 8)
  let position = 8 + headerBytes
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position)
    position += data.byteLength
  }
  return bytes
}

/**
 * Reads a safetensors file. Nothing in it is trusted: sizes are checked against the bytes that are there before anything is allocated.
 *
 * Half precision (F16, BF16) is widened to `Float32Array` without loss, BOOL gives a `Uint8Array`, 64-bit integers give BigInt arrays.
 *
 * @throws {ModelError} `file`: truncated, malformed, overlapping or incomplete tensors, unknown types, or trailing bytes.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContents {
  if (!(bytes instanceof Uint8Array)) throw unreadable(`bytes must be a Uint8Array, got ${typeof bytes}`)
  const { header, start } = readHeader(bytes)
  const metadata: Record<string, string> = Object.create(null) as Record<string, string>
  const tensors: Record<string, NamedArray> = Object.create(null) as Record<string, NamedArray>
  const ranges: [number, number, string][] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
        throw unreadable('metadata must be an object of texts')
      }
      Object.assign(metadata, entry)
      continue
    }
    const { dtype, shape, from, to } = readEntry(name, entry, bytes.length - start)
    ranges.push([from, to, name])
    const copy = new Uint8Array(bytes.subarray(start + from, start + to)) // a Buffer's slice would be a view
    tensors[name] = { data: dtype.read(copy.buffer), shape }
  }
  checkCoverage(ranges, bytes.length - start)
  return { tensors: { ...tensors }, metadata: { ...metadata } }
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw unreadable(`a file has at least 8 bytes, got ${bytes.length}`)
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (declared > BigInt(MAX_HEADER_BYTES))
    throw unreadable(`the header may have at most ${MAX_HEADER_BYTES} bytes, it declares ${declared}`)
  const start = 8 + Number(declared)
  if (start > bytes.length) throw unreadable(`the header declares ${declared} bytes, ${bytes.length - 8} are there`)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)))
  } catch (cause) {
    throw unreadable('the header is not JSON', cause)
  }
  if (!isRecord(header)) throw unreadable('the header must be a JSON object')
  if (Object.hasOwn(header, '__proto__')) throw unreadable('a tensor cannot be called __proto__')
  return { header, start }
}

function readEntry(name: string, entry: unknown, available: number): { dtype: DType; shape: number[]; from: number; to: number } {
  const shown = JSON.stringify(name).slice(0, 80)
  if (!isRecord(entry)) throw unreadable(`the entry of ${shown} must be an object`)
  const { dtype: dtypeName, shape, data_offsets: offsets } = entry
  const dtype = typeof dtypeName === 'string' ? DTYPES.get(dtypeName) : undefined
  if (dtype === undefined) throw unreadable(`${shown} has a type this reader does not know: ${String(dtypeName).slice(0, 40)}`)
  if (!sizes(shape) || !sizes(offsets) || offsets.length !== 2)
    throw unreadable(`${shown} needs a shape and two offsets, all integers from 0`)
  const [from, to] = offsets as [number, number]
  if (from > to || to > available) throw unreadable(`${shown} lies at bytes ${from} to ${to}, the file has ${available}`)
  const size = elements(shape) * dtype.bytes
  if (size !== to - from) throw unreadable(`${shown} has ${to - from} bytes, its shape and type need ${size}`)
  return { dtype, shape, from, to }
}

/** Tensors must fill the file without gap or overlap, as the format demands. */
function checkCoverage(ranges: [number, number, string][], available: number): void {
  let end = 0
  for (const [from, to, name] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from !== end)
      throw unreadable(`tensors must follow each other without gap or overlap; ${JSON.stringify(name)} starts at ${from}, not ${end}`)
    end = to
  }
  if (end !== available) throw unreadable(`${available - end} bytes after the last tensor belong to none`)
}

const sizes = (value: unknown): value is number[] => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(rule: string, cause?: unknown): ModelError {
  const message = `decodeSafetensors: ${rule}. The file is damaged or not a safetensors file.`
  return new ModelError('file', message, cause === undefined ? undefined : { cause })
}

function unwritable(rule: string, wayOut: string): ModelError {
  return new ModelError('weights', `encodeSafetensors: ${rule}. ${wayOut}.`)
}
