import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { packages } from './read-packages.js'

/** Exported name → file and name of its declaration, through `export { a as b } from` and `export * from`. */
function exportsOf(file: string): Map<string, { file: string; name: string }> {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
  const found = new Map<string, { file: string; name: string }>()
  for (const [, name] of text.matchAll(/^export (?:declare )?(?:abstract )?(?:function\*?|const|let|class|interface|type) (\w+)/gm))
    found.set(name, { file, name })
  for (const [, list, from] of text.matchAll(/^export (?:type )?(?:\{([^}]*)\}|\*) from ['"]([^'"]+)['"]/gm)) {
    const source = exportsOf(path.join(path.dirname(file), from.replace(/\.js$/, '.d.ts')))
    const names = list === undefined ? [...source.keys()].map((name) => [name, name]) : list.split(',').flatMap(splitName)
    for (const [name, as] of names) found.set(as, source.get(name) ?? { file, name })
  }
  return found
}

const splitName = (one: string): string[][] => {
  const name = one.trim().replace(/^type /, '')
  return name === '' ? [] : [name.includes(' as ') ? name.split(' as ') : [name, name]]
}

/** The comment that stands right before a declaration; null if there is none. */
function commentOf({ file, name }: { file: string; name: string }): string | null {
  const text = readFileSync(file, 'utf8')
  const declaration = new RegExp(`^export (?:declare )?(?:abstract )?(?:function\\*?|const|let|class|interface|type) ${name}\\b`, 'm').exec(
    text,
  )
  if (declaration === null) return null
  const before = text.slice(0, declaration.index).trimEnd()
  return before.endsWith('*/') ? before.slice(before.lastIndexOf('/**')) : null
}

describe.each(packages.map((project) => [project.manifest.name, project] as const))('%s', (_name, { root, manifest }) => {
  const entries = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === 'object' ? [path.join(root, target.types)] : [],
  )

  test.each(entries.map((entry) => [path.relative(root, entry), entry]))('every export of %s has a doc comment', (_file, entry) => {
    expect(existsSync(entry)).toBe(true)
    const all = exportsOf(entry)
    expect(all.size).toBeGreaterThan(0)
    const bare = [...all].filter(([, declared]) => (commentOf(declared)?.replaceAll(/[^\p{L}]/gu, '').length ?? 0) < 10)
    expect(bare.map(([name, { file }]) => `${path.relative(root, file)}: ${name}`)).toEqual([])
  })
})
