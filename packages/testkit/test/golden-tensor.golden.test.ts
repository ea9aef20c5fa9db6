import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { goldenLabels, goldenTensor, goldenWords } from '@audiotag/testkit'
import { expect, test } from 'vitest'

interface Generator {
  seed: number
  cases: { name: string; words: number[]; center: number; scale: number; float32LittleEndianHex: string }[]
  long: { name: string; shape: number[]; center: number; scale: number; last: number; sha256: string }
  multiHot: { name: string; shape: [number, number]; density: number; values: number[] }
}
const { seed, cases, long, multiHot } = JSON.parse(readFileSync(new URL('golden/generator.json', import.meta.url), 'utf8')) as Generator

test.each(cases)('words and values of "$name"', ({ name, words, center, scale, float32LittleEndianHex }) => {
  expect([...goldenWords(name, words.length, seed)]).toEqual(words)
  const values = goldenTensor(name, [2, words.length / 2], { seed, center, scale })
  expect(Buffer.from(values.buffer).toString('hex')).toBe(float32LittleEndianHex)
})

test('a million values, every bit', () => {
  const values = goldenTensor(long.name, long.shape, { seed, center: long.center, scale: long.scale })
  expect(values.at(-1)).toBe(long.last)
  expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')).toBe(long.sha256)
})

test('labels', () => {
  expect([...goldenLabels(multiHot.name, multiHot.shape, { seed, density: multiHot.density })]).toEqual(multiHot.values)
})
