import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { afterAll, describe, expect, test } from 'vitest'

interface Example {
  /** Path relative to the package. */
  readonly file: string
  /** Of the first line of the code, from 1. */
  readonly line: number
  readonly code: string
}

const runnable = new Set(['js', 'javascript', 'mjs'])

/** The ```js fences of a text, its lines stripped of `prefix` (the ` * ` of doc comments). */
function fences(file: string, lines: readonly string[], firstLine: number): Example[] {
  const examples: Example[] = []
  for (let i = 0; i < lines.length; i++) {
    const open = /^\s*```(\w*)/.exec(lines[i])
    if (!open) continue
    const start = i + 1
    for (i = start; i < lines.length && !/^\s*```/.test(lines[i]); i++);
    if (i === lines.length) throw new Error(`${file}:${firstLine + start - 1}: the fence is never closed`)
    if (runnable.has(open[1])) examples.push({ file, line: firstLine + start, code: lines.slice(start, i).join('\n') })
  }
  return examples
}

/** The `@example` blocks of the doc comments of one source file. */
function docExamples(file: string, text: string): Example[] {
  const examples: Example[] = []
  for (const comment of text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)) {
    const commentLine = text.slice(0, comment.index).split('\n').length
    const lines = comment[0]
      .replace(/\*\/$/, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\/?\*{1,2} ?/, ''))
    lines.forEach((line, start) => {
      if (!/^@example\b/.test(line)) return
      const next = lines.findIndex((later, i) => i > start && /^@\w/.test(later))
      const body = lines.slice(start + 1, next === -1 ? lines.length : next)
      const title = line.replace('@example', '').trim()
      if (title !== '' && body.every((part) => part.trim() === '')) {
        examples.push({ file, line: commentLine + start, code: title })
      } else if (body.some((part) => /^\s*```/.test(part))) {
        examples.push(...fences(file, body, commentLine + start + 1))
      } else {
        examples.push({ file, line: commentLine + start + 1, code: body.join('\n') })
      }
    })
  }
  return examples
}

const isExpression = (code: string): boolean => {
  try {
    return new Script(`(async () => (${code}\n))`) !== undefined
  } catch {
    return false
  }
}

/** Turns lines that end in `// => value` into checks; the other lines stay as they are. */
function withChecks({ file, line, code }: Example): { readonly text: string; readonly checks: number } {
  const lines = code.split('\n')
  let checks = 0
  for (let i = 0; i < lines.length; i++) {
    const marked = /^(.*?)\s*\/\/ ?=>\s*(\S.*?)\s*$/.exec(lines[i])
    if (!marked) continue
    const where = `${file}:${line + i}`
    const assigned = /^\s*(?:const|let)\s+([\w$]+)\s*=/.exec(marked[1])
    // The expression may have begun some lines above: take the fewest lines that parse.
    let start = i
    const statement = (): string => [...lines.slice(start, i), marked[1]].join('\n').replace(/;\s*$/, '')
    if (!assigned) while (start > 0 && !isExpression(statement())) start--
    if (!assigned && !isExpression(statement())) throw new Error(`${where}: no expression stands before // =>`)
    const logged = /^\s*console\.log\(([\s\S]*)\)\s*$/.exec(statement())
    const values = assigned ? assigned[1] : (logged?.[1] ?? statement())
    const check = `;await checkExampleValue(async () => [${values}\n], ${JSON.stringify(marked[2])}, ${JSON.stringify(where)});`
    lines[i] = assigned ? `${marked[1]}\n${check}` : check
    for (let above = start; above < i; above++) lines[above] = ''
    checks++
  }
  return { text: lines.join('\n'), checks }
}

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
  const readme = path.join(root, 'README.md')
  const readmeExamples = existsSync(readme) ? fences('README.md', readFileSync(readme, 'utf8').split('\n'), 1) : []
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const sourceExamples = sources
    .sort()
    .flatMap((file) => docExamples(`src/${file.replaceAll('\\', '/')}`, readFileSync(path.join(root, 'src', file), 'utf8')))

  // Its own folder a process, with a link by which the examples find the package; a package cannot import itself from node_modules.
  const folder = path.join(root, 'node_modules/.cache/examples', String(process.pid))
  const link = path.join(folder, 'node_modules', ...manifest.name.split('/'))

  describe('examples', () => {
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
    test('README.md has an example that runs and checks a value', () => {
      expect(readmeExamples.some((example) => withChecks(example).checks > 0)).toBe(true)
    })
    test.each([...readmeExamples, ...sourceExamples])('$file:$line', { timeout: 120_000 }, async (example) => {
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
