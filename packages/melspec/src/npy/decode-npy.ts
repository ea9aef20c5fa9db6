import { MelspecError } from '../errors.js'
import type { NpyArray } from './npy-array.js'

const CONSTRUCTORS = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i2': Int16Array,
  '<i4': Int32Array,
  '|u1': Uint8Array,
} as const

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** The dictionary literal that NumPy writes: these three keys in any order. */
const KEYS = /^\{\s*(?:'(?:descr|fortran_order|shape)'\s*:\s*(?:'[^']*'|True|False|\([\d\s,]*\))\s*,?\s*){3}\}\s*$/
/** 2³² elements: far above any file of ours, far below what overflows. */
const MAX_ELEMENTS = 2 ** 32

/**
 * Decodes an npy file: versions 1.0 and 2.0, `f4 f8 i2 i4 u1`, little-endian, C order.
 *
 * @param bytes the whole file, exactly: bytes that are missing or left over are an error
 * @returns a copy of the data; the caller owns it
 * @throws `NPY_FORMAT` anything else, with the reason
 */
export function decodeNpy(bytes: Uint8Array | ArrayBuffer): NpyArray {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  if (file.length < 10 || MAGIC.some((byte, i) => file[i] !== byte))
    fail(`the file must begin with \\x93NUMPY and a header, got ${file.length} bytes`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const major = file[6]
  if ((major !== 1 && major !== 2) || file[7] !== 0) fail(`the version must be 1.0 or 2.0, got ${major}.${file[7]}`)
  const start = major === 1 ? 10 : 12
  if (file.length < start) fail('the file ends inside its header')
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (start + headerBytes > file.length) fail('the file ends inside its header')
  const header = new TextDecoder('latin1').decode(file.subarray(start, start + headerBytes))
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const tuple = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (!KEYS.test(header) || descr === undefined || order === undefined || tuple === undefined) {
    fail(`the header must be {'descr', 'fortran_order', 'shape'}, got ${JSON.stringify(header.slice(0, 200).trim())}`)
  }
  if (!Object.hasOwn(CONSTRUCTORS, descr))
    fail(`the type must be ${Object.keys(CONSTRUCTORS).join(', ')}, got ${descr}. Convert with astype('<f4')`)
  const shape = readTuple(tuple)
  if (order === 'True' && shape.filter((size) => size > 1).length > 1)
    fail('the order must be C, got Fortran. Save numpy.ascontiguousarray(x)')
  const length = shape.reduce((product, size) => product * size, 1)
  if (length > MAX_ELEMENTS) fail(`the shape must have at most ${MAX_ELEMENTS} elements, got [${shape.join(', ')}]`)

  const Data = CONSTRUCTORS[descr as keyof typeof CONSTRUCTORS]
  const body = file.subarray(start + headerBytes)
  if (body.length !== length * Data.BYTES_PER_ELEMENT) {
    fail(`shape [${shape.join(', ')}] of ${descr} takes ${length * Data.BYTES_PER_ELEMENT} bytes, got ${body.length}`)
  }
  return { data: new Data(new Uint8Array(body).buffer), shape }
}

function readTuple(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.at(-1) === '') parts.pop()
  // `(3)` is a number in Python, not a tuple.
  if (parts.some((part) => !/^\d+$/.test(part)) || (parts.length === 1 && !text.includes(',')))
    fail(`the shape must be a tuple of sizes, got (${text})`)
  return parts.map(Number)
}

function fail(reason: string): never {
  throw new MelspecError('NPY_FORMAT', `decodeNpy: ${reason}.`)
}
