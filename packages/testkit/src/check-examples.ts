import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { liftExamples, withChecks, type Example } from './lift-examples.js'

/** Examples in doc comments may leave out the import of what the package itself exports. */
async function importsFor(example: Example, packageName: string, main: string): Promise<string> {
  if (/^\s*import\b/m.test(example.code) || example.file === 'README.md') return ''
  const exported = Object.keys((await import(/* @vite-ignore */ pathToFileURL(main).href)) as object)
  const used = exported.filter((name) => new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(example.code))
  return used.length === 0 ? '' : `import { ${used.join(', ')} } from '${packageName}'\n`
}

function packageRoot(from: string): string {
  for (let folder = path.dirname(fileURLToPath(from)); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder
    if (folder === path.dirname(folder)) throw new Error(`checkExamples: no package.json above ${from}`)
  }
}

/**
 * Registers one test for each ```js fence of the package's README.md and each `@example` of the doc comments in its src. Every
 * example runs as a module of its own that finds the package by its name; lines that end in `// => value` are checked (`checkValue`
 * says how values are written). A README without a fence that runs and checks something fails.
 *
 * @param testUrl `import.meta.url` of the test file
 */
export function checkExamples(testUrl: string): void {
  const root = packageRoot(testUrl)
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    name: string
    exports?: Record<string, { default?: string } | string>
  }
  const entry = manifest.exports?.['.']
  const main = path.join(root, (typeof entry === 'object' ? entry.default : entry) ?? './dist/index.js')
  const examples = liftExamples(root)

  // Its own folder a process, with a link by which the examples find the package; a package cannot import itself from node_modules.
  const folder = path.join(root, 'node_modules/.cache/examples', String(process.pid))
  const link = path.join(folder, 'node_modules', ...manifest.name.split('/'))

  describe('examples', () => {
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
    test('README.md has an example that runs and checks a value', () => {
      expect(examples.some((example) => example.file === 'README.md' && withChecks(example).checks > 0)).toBe(true)
    })
    test.each(examples)('$file:$line', { timeout: 120_000 }, async (example) => {
      const module = path.join(folder, `${example.file.replaceAll(/\W/g, '-')}-${example.line}.mjs`)
      const checkUrl = new URL('check-value.js', import.meta.url).href
      try {
        mkdirSync(path.dirname(link), { recursive: true })
        if (!existsSync(link)) symlinkSync(root, link, 'junction')
        const head = `import { checkValue as checkExampleValue } from '${checkUrl}'\n${await importsFor(example, manifest.name, main)}`
        writeFileSync(module, `${head}${withChecks(example).text}\n`)
        await import(/* @vite-ignore */ pathToFileURL(module).href)
      } finally {
        rmSync(module, { force: true })
      }
    })
  })
}
