import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { filesUnder, packages, programs, readText, repository } from './read-packages.js'

const decisions = readdirSync(path.join(repository, 'docs/adr')).map((name) => `docs/adr/${name}`)

/** Files and folders that a document names: link targets, and words in backticks that look like paths. */
function namedFiles(text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => match[1])
  const words = [...text.matchAll(/`([\w@./-]+)`/g)].map((match) => match[1])
  const paths = words.filter(
    (word) =>
      /^(packages|examples|docs)\/./.test(word) ||
      (/\.(ts|mjs|json|py|md)$/.test(word) && (word.includes('/') || /\.(ts|py|md)$/.test(word))),
  )
  return [...new Set([...links, ...paths])]
}

/** Files of a text that exist in none of its folders. */
const missing = (text: string, folders: readonly string[]): string[] =>
  namedFiles(text).filter((name) => !folders.some((folder) => existsSync(path.join(repository, folder, name))))

const sources = new Set(
  [...packages, ...programs].flatMap(({ root }) => filesUnder(path.join(root, 'src'), /\.ts$/).map((file) => path.basename(file))),
)

test.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...decisions])('%s names only files that exist', (document) => {
  const text = readText(document)
  expect(missing(text, [path.dirname(document), '.', 'examples/dcase2019']).filter((name) => !sources.has(name))).toEqual([])
})

const parts = readText('PAPER.md')
  .split(/^(?=## )/m)
  .map((part) => [part.split('\n', 1)[0], part] as const)

test.each(parts)('PAPER.md, %s: names only files that exist', (_title, part) => {
  const folders = [...part.matchAll(/^(?:Code|Tests): (.+)$/gm)].flatMap((match) =>
    [...match[1].matchAll(/`([^`]+)`/g)].map((one) => one[1]),
  )
  for (const folder of folders) expect(existsSync(path.join(repository, folder)), folder).toBe(true)
  expect(missing(part, ['.', ...folders])).toEqual([])
})

test('PAPER.md gives each row a status', () => {
  const rows = parts
    .filter(([, part]) => /^Code: /m.test(part))
    .flatMap(([, part]) => part.split('\n').filter((line) => line.startsWith('|') && !/^\| *(claim|-+) *\|/.test(line)))
  expect(rows.length).toBeGreaterThan(80)
  expect(rows.filter((row) => !/^\|[^|]+\|[^|]+\|[^|]+\| *(same|differs by preset|different because)\b[^|]*\|$/.test(row))).toEqual([])
})
