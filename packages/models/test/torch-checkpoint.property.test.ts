import { decodeTorchCheckpoint, ModelError, type TorchCheckpoint } from '@audiotag/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkpointBytes } from './checkpoint-set.js'
import { dictPickle, legacyFile, op, zipFile } from './forge.js'

/** Overwrites, removes and inserts bytes, cuts the end off. */
const change = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('set' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
  },
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), bytes: fc.constant(new Uint8Array()) }),
)

function changed(bytes: Uint8Array, { kind, at: anywhere, bytes: some }: { kind: string; at: number; bytes: Uint8Array }): Uint8Array {
  const at = anywhere % bytes.length
  const after = kind === 'cut' ? bytes.length : kind === 'insert' ? at : at + some.length
  const middle = kind === 'set' || kind === 'insert' ? some : []
  return Uint8Array.from([...bytes.subarray(0, at), ...middle, ...bytes.subarray(after)])
}

async function readOrRefused(bytes: Uint8Array): Promise<TorchCheckpoint | undefined> {
  try {
    return await decodeTorchCheckpoint(bytes)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    expect(error.code).toBe('file')
    return undefined
  }
}

/** Sound whatever the bytes: numbers as many as the shape says, and not more than the bytes allow. */
function expectSound({ tensors, otherTensors }: TorchCheckpoint, bytes: Uint8Array): void {
  let elements = 0
  for (const { data, shape } of [...Object.values(tensors), ...Object.values(otherTensors)]) {
    expect(data.length).toBe(shape.reduce((product, n) => product * n, 1))
    elements += data.length
  }
  expect(elements).toBeLessThanOrEqual(2 ** 20 + 4 * bytes.length)
}

describe('a changed file', () => {
  test.each(['forged.pth', 'compressed.pth', 'protocol-4.pth', 'dtypes.pth', 'strided.pth'])(
    '%s, a zip, is read to the same tensors or refused',
    async (file) => {
      const bytes = checkpointBytes({ file })
      const honest = await decodeTorchCheckpoint(bytes)
      let refused = 0
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const read = await readOrRefused(changes.reduce(changed, bytes))
          if (read === undefined) refused++
          else expect(read).toEqual(honest)
        }),
        { numRuns: 400 },
      )
      expect(refused).toBeGreaterThan(100)
    },
  )

  test.each(['forged.pth', 'compressed.pth'])('%s: with any single byte changed', async (file) => {
    const bytes = checkpointBytes({ file })
    const honest = await decodeTorchCheckpoint(bytes)
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const copy = bytes.slice()
        copy[at] ^= flip
        const read = await readOrRefused(copy)
        if (read !== undefined) expect(read).toEqual(honest)
      }
    }
  })

  test.each(['forged-legacy.pth', 'strided-legacy.pth'])(
    '%s, which has no checksums, is read to something sound or refused',
    async (file) => {
      const bytes = checkpointBytes({ file })
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const altered = changes.reduce(changed, bytes)
          const read = await readOrRefused(altered)
          if (read !== undefined) expectSound(read, altered)
        }),
        { numRuns: 400 },
      )
    },
  )

  test.each(['forged.pth', 'compressed.pth', 'forged-legacy.pth'])('%s: any truncation is refused', async (file) => {
    const bytes = checkpointBytes({ file })
    for (let length = 0; length < bytes.length; length++)
      await expect(decodeTorchCheckpoint(bytes.subarray(0, length))).rejects.toThrow(ModelError)
    await expect(decodeTorchCheckpoint(Uint8Array.from([...bytes, 0]))).rejects.toThrow(ModelError)
  })
})

describe('any pickle', () => {
  const codes = [...Buffer.from('.}])(tqrhjXcRQaesubNKMJG'), 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x93, 0x94, 0x95]
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...codes).map((code) => Uint8Array.of(code)) },
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ maxLength: 4 }).map((value) => Uint8Array.from(op.text(value))),
    fc.nat(9).map((size) => op.tensor(size, true)),
    fc
      .constantFrom('ccollections\nOrderedDict\n', 'ctorch._utils\n_rebuild_parameter\n', 'ctorch\nLongStorage\n')
      .map((name) => op.bytesOf(name)),
  )

  test('is read to something sound or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.boolean(), async (pieces, inDict) => {
        const soup = op.bytesOf(
          [0x80, 2],
          ...(inDict ? ['}', op.text('w'), op.tensor(4, true), 's', op.text('x')] : []),
          ...pieces,
          inDict ? 's.' : '.',
        )
        const bytes = legacyFile(soup, { 0: Float32Array.of(1, 2, 3, 4) })
        const read = await readOrRefused(bytes)
        if (read !== undefined) expectSound(read, bytes)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('little files that describe much', () => {
  const weight = op.tensor(4, true)
  const four = { 0: Float32Array.of(1, 2, 3, 4) }
  const read = async (entries: Record<string, Uint8Array>): Promise<TorchCheckpoint> =>
    decodeTorchCheckpoint(legacyFile(dictPickle(entries), four))

  test('control: the forged file is read', async () => {
    const { tensors, scalars } = await read({ weight, note: op.bytesOf(op.text('fine')) })
    expect(tensors).toEqual({ weight: { data: Float32Array.of(1, 2, 3, 4), shape: [4] } })
    expect(scalars).toEqual({ note: 'fine' })
  })

  test('an empty tensor may start anywhere, as slices of empty ones do; one that is not empty may not', async () => {
    const slice = op.tensor(4, true, { offset: 9, length: 0 })
    expect((await read({ weight, slice })).tensors['slice']).toEqual({ data: new Float32Array(), shape: [0] })
    await expect(read({ weight: op.tensor(4, true, { offset: 3, length: 2 }) })).rejects.toThrow('its last element is number 4')
  })

  test('lists of the same list, thirty times doubled', async () => {
    // l = [0], then l = [l, l] again and again: BINGET 1 is the list that was last made, BINPUT 1 remembers the new one.
    const nested = op.bytesOf(
      '(',
      ']',
      'K',
      0,
      'a',
      'q',
      1,
      ...Array.from({ length: 30 }, () => op.bytesOf(']', 'h', 1, 'a', 'h', 1, 'a', 'q', 1)),
      't',
    )
    await expect(read({ weight, nested })).rejects.toThrow('must stay below 16777216 characters')
  })

  test('one tensor under thousands of names', async () => {
    const floats = new Float32Array(4000)
    const big = op.bytesOf(op.tensor(4000, true), 'q', 9)
    const names = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`w${i}`, i === 0 ? big : op.bytesOf('h', 9)]))
    await expect(decodeTorchCheckpoint(legacyFile(dictPickle(names), { 0: floats }))).rejects.toThrow(
      'tensors that share storages must stay below',
    )
  })

  test('one dict of tensors under thousands of names', async () => {
    const inner = op.bytesOf('}', op.text('w'), weight, 's', 'q', 9)
    const names = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`m${i}`, i === 0 ? inner : op.bytesOf('h', 9)]))
    await expect(read(names)).rejects.toThrow('one dict of tensors, it has m0, m1, m2')
    expect(
      Object.keys(
        (await decodeTorchCheckpoint(legacyFile(dictPickle({ m0: inner, m1: op.bytesOf('h', 9) }), four), { root: 'm1' })).tensors,
      ),
    ).toEqual(['w'])
  })

  test('names that a path makes equal', async () => {
    const inner = op.bytesOf('}', op.text('b'), op.bytesOf('K', 1), 's')
    await expect(read({ weight, a: inner, 'a/b': op.bytesOf('K', 2) })).rejects.toThrow('names must differ, "a/b" comes twice')
  })

  test('a part of a tensor instead of a value', async () => {
    await expect(read({ weight, type: op.bytesOf('ctorch\nFloatStorage\n') })).rejects.toThrow('"type" must be a tensor, a number, text')
  })

  test('an opcode that is not needed is called by name', async () => {
    await expect(read({ weight, x: op.bytesOf('U', 1, 'a') })).rejects.toThrow('opcode SHORT_BINSTRING')
    await expect(read({ weight, x: op.bytesOf(0x81) })).rejects.toThrow('opcode NEWOBJ')
    await expect(read({ weight, x: op.bytesOf(0xff) })).rejects.toThrow('opcode 0xff')
  })
})

describe('zips that lie', () => {
  const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
  const pickle = { data: dictPickle({ weight: op.tensor(4, false) }) }
  const zip = (...more: readonly (readonly [string, Parameters<typeof zipFile>[0][number][1]])[]): Promise<TorchCheckpoint> =>
    decodeTorchCheckpoint(zipFile([['a/data.pkl', pickle], ...more]))

  test('control: the forged zip is read, stored and deflated, with a folder and without', async () => {
    for (const deflated of [false, true]) {
      expect((await zip(['a/data/0', { data: floats, deflated }])).tensors['weight'].data).toEqual(Float32Array.of(1, 2, 3, 4))
    }
    const bare = zipFile([
      ['data.pkl', pickle],
      ['data/0', { data: floats }],
    ])
    expect((await decodeTorchCheckpoint(bare)).tensors['weight'].shape).toEqual([4])
  })

  test('a record that unpacks to a thousand times its size', async () => {
    const size = 2 ** 20
    const bomb = zipFile([
      ['a/data.pkl', { data: dictPickle({ weight: op.tensor(size, false) }) }],
      ['a/data/0', { data: new Uint8Array(4 * size), deflated: true }],
    ])
    expect(bomb.length).toBeLessThan(8000)
    await expect(decodeTorchCheckpoint(bomb)).rejects.toThrow('beyond 64 times the file')
  })

  test.each([
    ['more than it declares', { data: new Uint8Array(64), size: 16, deflated: true }, 'must unpack to 16 bytes, it has more'],
    ['less than it declares', { data: floats.subarray(0, 8), size: 16, deflated: true }, 'must unpack to 16 bytes, it has fewer'],
    ['encrypted', { data: floats, flags: 1 }, 'must not be encrypted'],
    ['stored with two sizes', { data: floats.subarray(0, 8), size: 16 }, 'must have one size, got 8 and 16'],
  ])('a record that is %s', async (_, record, message) => {
    await expect(zip(['a/data/0', record])).rejects.toThrow(message)
  })

  test('a name that comes twice', async () => {
    await expect(zip(['a/data/0', { data: floats }], ['a/data/0', { data: new Uint8Array(16) }])).rejects.toThrow('two of "a/data/0"')
  })

  test('two pickles, big-endian numbers', async () => {
    await expect(zip(['b/data.pkl', pickle])).rejects.toThrow('must hold one data.pkl, this zip has 2')
    await expect(zip(['a/data/0', { data: floats }], ['a/byteorder', { data: op.bytesOf('big') }])).rejects.toThrow(
      'byte order must be little, got big',
    )
  })
})
