import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { liftExamples, withChecks } from '@audiotag/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'examples-'))
  mkdirSync(path.join(root, 'src/deep'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

const checksOf = (code: string): string[] => {
  const { text } = withChecks({ file: 'README.md', line: 10, code })
  return text.split('\n').filter((line) => line.includes('checkExampleValue'))
}

test('finds js fences and @example blocks, with their lines', () => {
  writeFileSync(path.join(root, 'README.md'), '# x\n```js\na // => 1\n```\n```ts\nnot run\n```\n```\nnor this\n```\n')
  writeFileSync(
    path.join(root, 'src/deep/a.ts'),
    [
      '/**',
      ' * Doc.',
      ' * @example',
      ' * one // => 1',
      ' * two',
      ' * @returns x',
      ' */',
      'export const a = 1',
      '/** @example',
      ' * ```js',
      ' * b',
      ' * ```',
      ' */',
    ].join('\n'),
  )
  expect(liftExamples(root)).toEqual([
    { file: 'README.md', line: 3, code: 'a // => 1' },
    { file: 'src/deep/a.ts', line: 4, code: 'one // => 1\ntwo' },
    { file: 'src/deep/a.ts', line: 11, code: 'b' },
  ])
})

test('a fence that is never closed is an error', () => {
  writeFileSync(path.join(root, 'README.md'), '# x\n```js\na')
  expect(() => liftExamples(root)).toThrow('README.md:2: the fence is never closed')
})

test('a package without a README has no README example', () => {
  expect(liftExamples(root)).toEqual([])
})

test('lines become checks', () => {
  expect(checksOf('f(1).x // => 2')[0]).toContain('[f(1).x')
  expect(checksOf('console.log(f(1), 3) // => 2 3')[0]).toContain('[f(1), 3')
  expect(checksOf('const y = f(1) // => 2')[0]).toContain('[y')
  const [chain] = [withChecks({ file: 'README.md', line: 10, code: 'const a = 1\nf(\n  a,\n).x // => 2' })]
  expect(chain.checks).toBe(1)
  expect(chain.text).toContain('const a = 1\n')
  expect(chain.text).toContain('[f(\n  a,\n).x')
  expect(chain.text).toContain('"README.md:13"')
})

test('a mark without an expression is an error', () => {
  expect(() => checksOf('if (a) { // => 2')).toThrow('README.md:10: no expression stands before // =>')
})
