import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The fields of package.json that the tests here read. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly license?: string
  readonly author?: string
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly files?: readonly string[]
  readonly type?: string
  readonly sideEffects?: boolean
  readonly engines?: { readonly node?: string }
  readonly exports?: Record<string, string | { readonly types: string; readonly default: string }>
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

export interface Project {
  /** Folder name, e.g. `melspec`. */
  readonly folder: string
  /** Absolute path. */
  readonly root: string
  readonly manifest: Manifest
}

/** Absolute path of the repository. */
export const repository: string = fileURLToPath(new URL('../../../', import.meta.url))

export const readText = (...parts: string[]): string => readFileSync(path.join(repository, ...parts), 'utf8')

const projectsIn = (folder: string): Project[] =>
  readdirSync(path.join(repository, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(repository, folder, entry.name, 'package.json')))
    .map(({ name }) => ({
      folder: name,
      root: path.join(repository, folder, name),
      manifest: JSON.parse(readText(folder, name, 'package.json')) as Manifest,
    }))

export const packages: readonly Project[] = projectsIn('packages')
export const publicPackages: readonly Project[] = packages.filter(({ manifest }) => manifest.private !== true)
export const programs: readonly Project[] = projectsIn('examples')

/** Files under a folder whose name ends so, absolute, sorted; none if there is no such folder. */
export function filesUnder(folder: string, ending: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.split(path.sep).includes('node_modules'))
    .map((name) => path.join(folder, name))
    .toSorted()
}

/** TypeScript or JavaScript without its comments (line numbers stay). */
export const withoutComments = (code: string): string =>
  code.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, '')).replace(/(^|[\s;{}(),])\/\/.*$/gm, '$1')

/** What a module imports, statically or not. */
export const importsOf = (code: string): string[] =>
  [...withoutComments(code).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])([@\w./-]+)\1/g)].map((match) => match[2])

/** `@scope/name` or `name` of an import specifier; null for a relative one and for Node's own. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
