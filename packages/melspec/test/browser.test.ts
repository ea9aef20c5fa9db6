import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** Modules that the main entry reaches by static imports inside the package, and what they import from outside. */
function reach(file: URL, seen: Map<string, string[]> = new Map()): Map<string, string[]> {
  if (seen.has(file.href)) return seen
  const text = readFileSync(file, 'utf8')
  const names = [...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'/gm), ...text.matchAll(/\bimport\('([^']+)'\)/g)].map(
    ([, name]) => name,
  )
  seen.set(
    file.href,
    names.filter((name) => !name.startsWith('.')),
  )
  for (const name of names) if (name.startsWith('.')) reach(new URL(name, file), seen)
  return seen
}

describe('the main entry', () => {
  const modules = reach(new URL('../dist/index.js', import.meta.url))

  test('imports nothing of Node, fft.js at once and audio-decode when it is needed', () => {
    expect(modules.size).toBeGreaterThan(20)
    expect([...new Set([...modules.values()].flat())].toSorted()).toEqual(['audio-decode', 'fft.js'])
    for (const file of modules.keys())
      expect(readFileSync(new URL(file), 'utf8')).not.toMatch(/^import .*audio-decode|node:|\b(process|Buffer|require)\b[.(]/m)
  })
})
