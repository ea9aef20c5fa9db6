import { MelspecError, decodeNpy, encodeNpy } from '@audiotag/melspec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goldenBytes } from './golden.js'

const arrays = fc
  .tuple(fc.constantFrom(Float32Array, Float64Array, Int16Array, Int32Array, Uint8Array), fc.array(fc.nat(5), { maxLength: 5 }), fc.nat())
  .map(([Data, shape, seed]) => {
    const length = shape.reduce((product, size) => product * size, 1)
    return { data: Data.from(Array.from({ length }, (_, i) => (seed * (i + 1)) % 251)), shape }
  })

/** A file with another header (and version). */
const withHeader = (header: string, body: Uint8Array, major = 1): Uint8Array => {
  const length =
    major === 1 ? Uint8Array.of(header.length & 0xff, header.length >> 8) : Uint8Array.of(header.length & 0xff, header.length >> 8, 0, 0)
  return Buffer.concat([Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0), length, Buffer.from(header, 'latin1'), body])
}
const header = (overrides: { descr?: string; order?: string; shape?: string } = {}): string =>
  `{'descr': '${overrides.descr ?? '<f4'}', 'fortran_order': ${overrides.order ?? 'False'}, 'shape': ${overrides.shape ?? '(2,)'}, }  \n`
const two = new Uint8Array(Float32Array.of(1.5, -2).buffer)

describe('encodeNpy and decodeNpy', () => {
  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(arrays, (array) => {
        const bytes = encodeNpy(array)
        expect((bytes.length - array.data.byteLength) % 64).toBe(0)
        expect(decodeNpy(bytes)).toEqual(array)
      }),
    )
  })

  test('a file of NumPy is encoded again to the same bytes', () => {
    for (const file of ['codecs/mono.mp3.npy', 'audio/files/flac-24-stereo.flac.npy', 'melspec/frames/paper.chirp-44100.npy']) {
      const bytes = goldenBytes(file)
      expect(Buffer.compare(encodeNpy(decodeNpy(bytes)), bytes)).toBe(0)
    }
  })

  test('any version 1.0 or 2.0 header NumPy may write', () => {
    const expected = { data: Float32Array.of(1.5, -2), shape: [2] }
    expect(decodeNpy(withHeader(header(), two))).toEqual(expected)
    expect(decodeNpy(withHeader(header(), two, 2))).toEqual(expected)
    expect(decodeNpy(withHeader("{'shape':(2,),'fortran_order':False,'descr':'<f4'}", two))).toEqual(expected)
    expect(decodeNpy(withHeader(header({ shape: '()' }), two.subarray(0, 4)))).toEqual({ data: Float32Array.of(1.5), shape: [] })
    expect(decodeNpy(withHeader(header({ order: 'True', shape: '(1, 2)' }), two)).shape).toEqual([1, 2])
    expect(decodeNpy(withHeader(header({ shape: '(0, 7)' }), two.subarray(0, 0))).data.length).toBe(0)
  })

  test('a view that begins anywhere, and the result is a copy', () => {
    const bytes = Buffer.concat([Uint8Array.of(1, 2, 3), encodeNpy({ data: Float64Array.of(3, 4), shape: [2] })])
    const { data } = decodeNpy(bytes.subarray(3))
    expect(data).toEqual(Float64Array.of(3, 4))
    bytes.fill(0)
    expect(data[0]).toBe(3)
    const sliced = encodeNpy({ data: Float32Array.of(9, 1, 2, 9).subarray(1, 3), shape: [2] })
    expect(decodeNpy(sliced).data).toEqual(Float32Array.of(1, 2))
  })

  test.each([
    ['nothing', new Uint8Array(0), 'decodeNpy: the file must begin with \\x93NUMPY and a header, got 0 bytes.'],
    ['version 3', withHeader(header(), two, 3), 'the version must be 1.0 or 2.0, got 3.0'],
    [
      'big-endian',
      withHeader(header({ descr: '>f4' }), two),
      "the type must be <f4, <f8, <i2, <i4, |u1, got >f4. Convert with astype('<f4').",
    ],
    ['int64', withHeader(header({ descr: '<i8' }), two), 'got <i8'],
    ['a name that objects have', withHeader(header({ descr: 'toString' }), two), 'got toString'],
    ['pickles', withHeader(header({ descr: '|O' }), two), 'got |O'],
    [
      'Fortran order',
      withHeader(header({ order: 'True', shape: '(1, 2, 1, 3)' }), new Uint8Array(24)),
      'the order must be C, got Fortran.',
    ],
    ['bytes missing', withHeader(header(), two.subarray(1)), 'shape [2] of <f4 takes 8 bytes, got 7.'],
    ['bytes left over', withHeader(header(), Buffer.concat([two, two])), 'shape [2] of <f4 takes 8 bytes, got 16.'],
    ['a huge shape', withHeader(header({ shape: '(99999999, 99999999)' }), two), 'at most 4294967296 elements'],
    ['a shape that is no tuple', withHeader(header({ shape: '(2)' }), two), 'the shape must be a tuple of sizes, got (2).'],
    ['a negative size', withHeader(header({ shape: '(-2,)' }), two), 'the header must be'],
    ['a shape with a hole', withHeader(header({ shape: '(2,,3)' }), two), 'the shape must be a tuple of sizes'],
    ['structured types', withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", two), 'the header must be'],
    ['code', withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", two), 'the header must be'],
    ['a key twice', withHeader("{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }", two), 'the header must be'],
    ['a cut header', encodeNpy({ data: Float32Array.of(1), shape: [1] }).subarray(0, 50), 'the file ends inside its header'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeNpy(bytes)).toThrow(message)
    expect(() => decodeNpy(bytes)).toThrow(MelspecError)
  })

  test('every cut and every changed header byte is an error, or the array', () => {
    const bytes = encodeNpy({ data: Int16Array.of(1, -2, 3), shape: [3] })
    for (let length = 0; length < bytes.length; length++) expect(() => decodeNpy(bytes.subarray(0, length))).toThrow(MelspecError)
    fc.assert(
      fc.property(fc.nat(127), fc.nat(255), (at, value) => {
        const changed = bytes.slice()
        changed[at] = value
        try {
          expect(decodeNpy(changed).data.byteLength).toBe(6)
        } catch (error) {
          expect(error).toBeInstanceOf(MelspecError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('encodeNpy refuses shapes that do not fit and other types', () => {
    expect(() => encodeNpy({ data: new Float32Array(6), shape: [2, 2] })).toThrow(
      'encodeNpy: shape must multiply to the length of data (6), got [2, 2].',
    )
    expect(() => encodeNpy({ data: new Float32Array(6), shape: [-2, -3] })).toThrow(MelspecError)
    expect(() => encodeNpy({ data: new BigInt64Array(1) as unknown as Float32Array, shape: [1] })).toThrow(
      'encodeNpy: data must be a Float32Array',
    )
  })
})
