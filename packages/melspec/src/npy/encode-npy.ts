import { MelspecError } from '../errors.js'
import type { NpyArray } from './npy-array.js'

/**
 * Encodes an array as an npy file, version 1.0, little-endian, C order: `numpy.load` reads it.
 *
 * @throws `MELSPEC_SHAPE` when `shape` does not multiply to `data.length`, or `data` is of another type
 * @example
 * import { decodeNpy, encodeNpy } from '@audiotag/melspec'
 * const bytes = encodeNpy({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] })
 * decodeNpy(bytes).shape // => [2, 3]
 */
export function encodeNpy(array: NpyArray): Uint8Array {
  const { data, shape } = array
  const descr = descrOf(data)
  if (!descr)
    throw new MelspecError('MELSPEC_SHAPE', 'encodeNpy: data must be a Float32Array, Float64Array, Int16Array, Int32Array or Uint8Array.')
  const sizes = shape.every((size) => Number.isInteger(size) && size >= 0)
  if (!sizes || shape.reduce((product, size) => product * size, 1) !== data.length) {
    throw new MelspecError(
      'MELSPEC_SHAPE',
      `encodeNpy: shape must multiply to the length of data (${data.length}), got [${shape.join(', ')}].`,
    )
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  // NumPy pads the header with spaces so that the data begin at a multiple of 64 bytes.
  const offset = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  if (offset - 10 > 0xffff) throw new MelspecError('MELSPEC_SHAPE', `encodeNpy: version 1.0 has no room for ${shape.length} axes.`)
  const file = new Uint8Array(offset + data.byteLength)
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (offset - 10) & 0xff, (offset - 10) >> 8])
  const header = `${dictionary.padEnd(offset - 11)}\n`
  for (let i = 0; i < header.length; i++) file[10 + i] = header.charCodeAt(i)
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
  return file
}

function descrOf(data: unknown): string | undefined {
  if (data instanceof Float32Array) return '<f4'
  if (data instanceof Float64Array) return '<f8'
  if (data instanceof Int16Array) return '<i2'
  if (data instanceof Int32Array) return '<i4'
  if (data instanceof Uint8Array) return '|u1'
  return undefined
}
