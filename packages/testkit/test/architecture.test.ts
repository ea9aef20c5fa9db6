import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  filesUnder,
  importsOf,
  packageOf,
  packages,
  programs,
  type Project,
  publicPackages,
  readText,
  repository,
  withoutComments,
} from './read-packages.js'

const ours = new Set(packages.map(({ manifest }) => manifest.name))
const show = (file: string): string => path.relative(repository, file)

/** Every import in files of some folders of a project: `file imports package`. */
const importsIn = ({ root }: Project, folders: readonly string[]): { file: string; name: string }[] =>
  folders
    .flatMap((folder) => filesUnder(path.join(root, folder), /\.(ts|js|mjs)$/))
    .flatMap((file) =>
      importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
        const name = packageOf(specifier)
        return name === null ? [] : [{ file: show(file), name }]
      }),
    )

/** The rows `folder  name  what it is for  what it needs` of ARCHITECTURE.md. */
const drawn = new Map(
  [...readText('ARCHITECTURE.md').matchAll(/^ {2}(\w+) +(@[\w-]+\/\w+) +\S.*? {2,}(\S.*)$/gm)].map(([, folder, name, needs]) => [
    folder,
    { name, needs },
  ]),
)
const prose = /\([^)]*\)|\b(no|none|dependencies|dependency|peers?|on|optional|also|and)\b|\.\/\w+/g
const drawnArrows = (needs: string): string[] =>
  needs
    .replaceAll(prose, ' ')
    .split(/[\s;:,]+/)
    .filter(Boolean)
    .toSorted()

describe.each(publicPackages.map((project) => [project.manifest.name, project] as const))('%s', (name, project) => {
  const { manifest, root, folder } = project

  test('has the arrows that ARCHITECTURE.md draws, and no other', () => {
    expect(drawn.get(folder)?.name).toBe(name)
    const declared = [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {})]
    expect(declared.map((one) => one.replace('@tensorflow/', '')).toSorted()).toEqual(drawnArrows(drawn.get(folder)?.needs ?? ''))
  })

  test('imports only itself, what it declares, and no other package of this repository', () => {
    const declared = new Set([...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {})])
    expect(
      importsIn(project, ['src', 'bin']).filter((one) => one.name !== name && (ours.has(one.name) || !declared.has(one.name))),
    ).toEqual([])
  })

  test('uses every dependency that it declares', () => {
    const used = new Set(importsIn(project, ['src', 'bin']).map((one) => one.name))
    expect(Object.keys(manifest.dependencies ?? {}).filter((one) => !used.has(one))).toEqual([])
  })

  test('its tests and benches import only what it declares', () => {
    const declared = new Set(
      [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies].flatMap((some) => Object.keys(some ?? {})),
    )
    expect(importsIn(project, ['test', 'bench']).filter((one) => one.name !== name && !declared.has(one.name))).toEqual([])
  })

  test('has no Node module in its web-standard entries', () => {
    const reached = new Set<string>()
    const follow = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
        expect(specifier, show(file)).not.toMatch(/^node:/)
        if (specifier.startsWith('.')) follow(path.join(path.dirname(file), specifier.replace(/\.js$/, '.ts')))
      }
    }
    for (const [entry, target] of Object.entries(manifest.exports ?? {}))
      if (typeof target === 'object' && entry !== './node')
        follow(path.join(root, target.default.replace('./dist', 'src').replace(/\.js$/, '.ts')))
    expect(reached.size).toBeGreaterThan(1)
  })

  test('draws no numbers of its own, reads no clock, prints nothing', () => {
    const found = filesUnder(path.join(root, 'src'), /\.ts$/)
      .filter((file) => show(file) !== path.join('packages', 'metric', 'src', 'cli.ts'))
      .flatMap((file) =>
        [...withoutComments(readFileSync(file, 'utf8')).matchAll(/\b(Math\.random|Date\.now|new Date\b|console\.\w+\()/g)].map(
          ([word]) => `${show(file)}: ${word}`,
        ),
      )
    expect(found).toEqual([])
  })

  test('is fit to be published', () => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      author: 'The audiotag authors',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      publishConfig: { access: 'public' },
    })
    expect(manifest.description).toMatch(/\w{3}/)
    expect(manifest.keywords?.length).toBeGreaterThan(3)
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src', '!dist/*.tsbuildinfo']))
    expect(readText('packages', folder, 'LICENSE')).toBe(readText('LICENSE'))
    expect(readText('packages', folder, 'README.md')).toContain(`# ${name}\n`)
    for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
      if (entry === './package.json') continue
      expect(Object.keys(target), entry).toEqual(['types', 'default'])
      for (const file of Object.values(target)) expect(existsSync(path.join(root, file)), file).toBe(true)
    }
  })
})

test('ARCHITECTURE.md lists every public package', () => {
  expect([...drawn.values()].map(({ name }) => name).toSorted()).toEqual(publicPackages.map(({ manifest }) => manifest.name).toSorted())
})

test.each(programs.map((project) => [project.manifest.name, project] as const))('%s imports only what it declares', (name, project) => {
  const { dependencies, devDependencies } = project.manifest
  const declared = new Set(Object.keys(dependencies ?? {}))
  const forTests = new Set([name, ...declared, ...Object.keys(devDependencies ?? {})])
  expect(importsIn(project, ['src']).filter((one) => !declared.has(one.name))).toEqual([])
  expect(importsIn(project, ['test', 'bench']).filter((one) => !forTests.has(one.name))).toEqual([])
})
