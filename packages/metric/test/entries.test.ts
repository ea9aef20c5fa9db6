import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** Every specifier that a built file and the files it imports name. */
function specifiers(file: URL, seen: Set<string> = new Set()): string[] {
  if (seen.has(file.href)) return []
  seen.add(file.href)
  const names = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^'"]*?from '([^']+)'|import\('([^']+)'\)/gm)].map(
    (match) => match[1] ?? match[2],
  )
  return names.flatMap((name) => (name.startsWith('.') ? [name, ...specifiers(new URL(name, file), seen)] : [name]))
}

describe.each(['@lwrap/metric', '@lwrap/metric/csv'])('%s', (entry) => {
  test('imports nothing but its own files, so it runs in a browser', () => {
    const names = specifiers(new URL(import.meta.resolve(entry)))
    expect(names.length).toBeGreaterThan(3)
    expect(names.filter((name) => !name.startsWith('.'))).toEqual([])
  })
})

test('the command is found by npx under the package’s name', () => {
  const { bin } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { bin: Record<string, string> }
  expect(bin).toEqual({ lwlrap: 'bin/lwlrap.js', metric: 'bin/lwlrap.js' })
})
