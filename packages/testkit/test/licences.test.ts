import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readText, repository } from './read-packages.js'

const foldersIn = (root: string): string[] =>
  existsSync(root)
    ? readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => path.join(root, name))
    : []

/** package.json of every package that pnpm installed: node_modules/.pnpm/<one>/node_modules/[@scope/]name, links left out. */
const installed = (): string[] =>
  foldersIn(path.join(repository, 'node_modules/.pnpm'))
    .flatMap((root) => foldersIn(path.join(root, 'node_modules')))
    .flatMap((root) => (path.basename(root).startsWith('@') ? foldersIn(root) : [root]))
    .map((root) => path.join(root, 'package.json'))
    .filter((file) => existsSync(file))

interface Licensed {
  readonly name: string
  readonly version: string
  readonly license?: string | { readonly type?: string }
  readonly licenses?: readonly { readonly type?: string }[]
}

const licenceOf = ({ license, licenses }: Licensed): string =>
  (typeof license === 'string' ? license : license?.type) ?? licenses?.map(({ type }) => type).join(' OR ') ?? ''

test('the lock file names no address, which would tie installs to one registry', () => {
  expect(readText('pnpm-lock.yaml')).not.toContain('tarball:')
})

test('nothing installed is under the GPL or the AGPL', () => {
  const all = installed().map((file) => JSON.parse(readFileSync(file, 'utf8')) as Licensed)
  expect(all.length).toBeGreaterThan(100)
  const named = all.map((one) => `${one.name}@${one.version}: ${licenceOf(one)}`)
  expect(named.filter((one) => /: \(?A?GPL/i.test(one))).toEqual([])
})
