import { createHash } from 'node:crypto'
import { decodeSafetensors, encodeSafetensors, ModelError, type NamedArray } from '@audiotag/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goldenFile } from './golden-net.js'

interface Entry {
  readonly file: string
  readonly about: string
  readonly outcome: 'ok' | 'error' | 'either'
  readonly tensors?: string
}

const index = JSON.parse(new TextDecoder().decode(goldenFile('safetensors/index.json'))) as {
  readonly files: readonly Entry[]
  readonly tensorSets: Record<string, Record<string, { shape: number[]; sha256: string }>>
}

describe('files of the reference implementation', () => {
  const files = index.files.filter(({ outcome }) => outcome === 'ok')

  test.each(files)('$file: $about', ({ file, tensors: set }) => {
    const { tensors } = decodeSafetensors(goldenFile(`safetensors/${file}`))
    const expected = index.tensorSets[set as string]
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort())
    for (const [name, { shape, sha256 }] of Object.entries(expected)) {
      expect(tensors[name].shape).toEqual(shape)
      const floats = Float32Array.from(tensors[name].data as Float32Array, Number)
      expect([name, createHash('sha256').update(floats).digest('hex')]).toEqual([name, sha256])
    }
  })
})

describe('damaged and hostile files are refused', () => {
  test.each(index.files.filter(({ outcome }) => outcome === 'error'))('$file: $about', ({ file }) => {
    const bytes = goldenFile(`safetensors/${file}`)
    let caught: unknown
    try {
      decodeSafetensors(bytes)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(ModelError)
    expect((caught as ModelError).code).toBe('file')
    expect((caught as ModelError).message).toMatch(/^decodeSafetensors: .+\. The file is damaged or not a safetensors file\.$/)
  })

  test('a tensor called __proto__ does not reach Object.prototype', () => {
    expect(() => decodeSafetensors(goldenFile('safetensors/proto.safetensors'))).toThrow('a tensor cannot be called __proto__')
    expect(Object.hasOwn(Object.prototype, 'shape')).toBe(false)
  })

  test('any truncation and any altered byte gives an error of this package, or tensors', () => {
    const bytes = goldenFile('safetensors/dtypes.safetensors')
    for (let length = 0; length < bytes.length; length++) expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(ModelError)
    const altered = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) })
    fc.assert(
      fc.property(altered, ({ at, value }) => {
        const copy = bytes.slice()
        copy[at] = value
        try {
          decodeSafetensors(copy)
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('something that is no bytes', () => {
    expect(() => decodeSafetensors('abc' as unknown as Uint8Array)).toThrow('bytes must be a Uint8Array, got string')
  })
})

describe('encodeSafetensors', () => {
  test('what is written is read back, names, shapes, types and bits', () => {
    const data = fc.oneof(
      fc.float32Array({ maxLength: 12 }),
      fc.float64Array({ maxLength: 12 }),
      fc.int8Array({ maxLength: 12 }),
      fc.int16Array({ maxLength: 12 }),
      fc.int32Array({ maxLength: 12 }),
      fc.uint8Array({ maxLength: 12 }),
      fc.uint16Array({ maxLength: 12 }),
      fc.uint32Array({ maxLength: 12 }),
      fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => BigInt64Array.from(values)),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((values) => BigUint64Array.from(values)),
    )
    const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__' && text !== '__metadata__')
    fc.assert(
      fc.property(fc.dictionary(name, data), fc.dictionary(name, fc.string({ unit: 'grapheme' })), (arrays, metadata) => {
        const tensors = Object.fromEntries(
          Object.entries(arrays).map(([key, values]): [string, NamedArray] => [key, { data: values, shape: [values.length] }]),
        )
        const bytes = encodeSafetensors(tensors, metadata)
        const read = decodeSafetensors(bytes)
        expect(read.tensors).toEqual(tensors)
        expect(read.metadata).toEqual({ ...metadata })
        expect(encodeSafetensors(read.tensors, read.metadata)).toEqual(bytes)
      }),
    )
  })

  test('a view into a larger buffer, a scalar, an empty tensor, no tensors', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3)
    const { tensors } = decodeSafetensors(
      encodeSafetensors({
        view: { data, shape: [2, 1] },
        one: { data: Int32Array.of(7), shape: [] },
        none: { data: new Float32Array(), shape: [0, 3] },
      }),
    )
    expect(tensors['view']).toEqual({ data: Float32Array.of(2, 3), shape: [2, 1] })
    expect(tensors['one']).toEqual({ data: Int32Array.of(7), shape: [] })
    expect(tensors['none']).toEqual({ data: new Float32Array(), shape: [0, 3] })
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, metadata: {} })
  })

  test.each([
    ['shape', { a: { data: Float32Array.of(1, 2), shape: [3] } }, undefined, 'the shape of a must have 2 elements, got [3]'],
    ['negative shape', { a: { data: Float32Array.of(1, 2), shape: [-1, -2] } }, undefined, 'the shape of a must have 2 elements'],
    ['plain array', { a: { data: [1], shape: [1] } }, undefined, 'a must be a typed array of numbers'],
    ['reserved name', { __metadata__: { data: Float32Array.of(1), shape: [1] } }, undefined, 'a tensor cannot be called __metadata__'],
    ['metadata', {}, { a: 1 }, 'metadata must be text, got number for a'],
  ])('refuses a wrong %s', (_, tensors, metadata, message) => {
    expect(() =>
      encodeSafetensors(tensors as unknown as Record<string, NamedArray>, metadata as unknown as Record<string, string>),
    ).toThrow(message)
  })
})

test('a Buffer of Node is read like any Uint8Array', () => {
  const file = encodeSafetensors({ a: { data: Float32Array.of(1, 2), shape: [2] }, b: { data: Float32Array.of(3), shape: [1] } })
  const { tensors } = decodeSafetensors(Buffer.from(file))
  expect(tensors['b']).toEqual({ data: Float32Array.of(3), shape: [1] })
})
