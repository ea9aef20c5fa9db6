import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The array of a .npy file: `data` in C order. Booleans come as 0 and 1; 64-bit integers as numbers. */
export interface NpyArray {
  readonly data: Float32Array | Float64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array
  readonly shape: readonly number[]
  /** NumPy's spelling, e.g. `<f4`. */
  readonly dtype: string
}

const constructors: Record<string, new (buffer: ArrayBuffer) => NpyArray['data']> = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '|b1': Uint8Array,
}

const fromInt64 = (buffer: ArrayBuffer): Float64Array => Float64Array.from(new BigInt64Array(buffer), Number)

/**
 * Reads a little-endian, C-ordered .npy file of golden values.
 *
 * @param source path, file URL, or the bytes
 * @throws Error that names the file when it is not such an array
 */
export function readNpy(source: string | URL | Uint8Array): NpyArray {
  const where = source instanceof Uint8Array ? `${source.length} bytes` : source instanceof URL ? fileURLToPath(source) : source
  const bytes = source instanceof Uint8Array ? source : readFileSync(source)
  const fail = (rule: string): never => {
    throw new Error(`readNpy: ${where}: ${rule}`)
  }
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY' || bytes[0] !== 0x93) fail('not a .npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wide = bytes[6] > 1 // versions 2 and 3 have a 32-bit header length
  const start = wide ? 12 : 10
  const dataStart = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true))
  const header = new TextDecoder().decode(bytes.subarray(start, dataStart))
  const dtype = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? fail(`no dtype in the header ${header}`)
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? fail(`no shape in the header ${header}`)
  if (!/'fortran_order':\s*False/.test(header)) fail('only C order is read')
  const shape = dimensions
    .split(',')
    .filter((text) => text.trim() !== '')
    .map(Number)
  const content = Uint8Array.from(bytes.subarray(dataStart)).buffer // a copy, so that it is aligned
  const Constructor = constructors[dtype]
  if (Constructor === undefined && dtype !== '<i8') fail(`dtype ${dtype} is not read`)
  const itemBytes = Number(dtype.slice(2))
  const size = shape.reduce((product, length) => product * length, 1)
  if (content.byteLength !== size * itemBytes)
    fail(`shape [${shape.join(', ')}] of ${dtype} needs ${size * itemBytes} bytes, got ${content.byteLength}`)
  return { data: dtype === '<i8' ? fromInt64(content) : new Constructor(content), shape, dtype }
}
