import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { kFold } from '../../dist/data/folds.js'
import { randomState } from '../../dist/data/random-state.js'

interface FoldCase {
  rows: number
  splits: number
  seed: number
  validation?: number[][]
  sha256?: string
  summary?: { size: number; first: number[]; last: number[]; sum: number }[]
}
interface RandomCase {
  seed: number
  uint32: number[]
  shuffle: number[]
  permutation: number[]
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8'))
const foldCases = read('folds.json') as FoldCase[]

describe('kFold equals scikit-learn', () => {
  it.each(foldCases)('$rows rows, $splits splits, seed $seed', ({ rows, splits, seed, validation, sha256, summary }) => {
    const folds = kFold(rows, { splits, seed })
    const parts = folds.map((fold) => [...fold.validation])
    if (validation) expect(parts).toEqual(validation)
    else {
      const bytes = new DataView(new ArrayBuffer(rows * 4))
      parts.flat().forEach((row, index) => bytes.setInt32(index * 4, row, true))
      expect(createHash('sha256').update(new Uint8Array(bytes.buffer)).digest('hex')).toBe(sha256)
      expect(
        parts.map((part) => ({ size: part.length, first: part.slice(0, 4), last: part.slice(-2), sum: part.reduce((a, b) => a + b, 0) })),
      ).toEqual(summary)
    }
    for (const { train, validation: part } of folds) {
      expect([...train, ...part].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row))
      expect([...train]).toEqual([...train].sort((a, b) => a - b))
    }
  })

  it('has every case of the file', () => expect(foldCases).toHaveLength(28))

  it('refuses what scikit-learn refuses', () => {
    expect(() => kFold(4, { splits: 5 })).toThrow('5 folds need at least 5 rows, got 4')
    expect(() => kFold(4, { splits: 1 })).toThrow('splits must be an integer of at least 2, got 1')
    expect(() => kFold(10, { seed: -1 })).toThrow('seed')
    expect(() => kFold(Number.NaN)).toThrow('rows')
  })
})

describe('randomState equals NumPy', () => {
  it.each(read('random.json') as RandomCase[])('seed $seed', ({ seed, uint32, shuffle, permutation }) => {
    const bits = randomState(seed)
    expect(uint32.map(() => bits.uint32())).toEqual(uint32)
    const items = Int32Array.from({ length: shuffle.length }, (_, index) => index)
    randomState(seed).shuffle(items)
    expect([...items]).toEqual(shuffle)
    expect([...randomState(seed).permutation(permutation.length)]).toEqual(permutation)
  })
})
