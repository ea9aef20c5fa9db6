import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Script } from 'node:vm'

/** One example of a package: code, and where it stands. */
export interface Example {
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
    void new Script(`(async () => (${code}\n))`) // compiles, does not run
    return true
  } catch {
    return false
  }
}

/**
 * Turns lines that end in `// => value` into calls of `checkExampleValue(evaluate, text, where)`; the other lines stay, and so do the
 * line numbers of what precedes the first check.
 *
 * @throws Error that names file and line when no expression stands before `// =>`
 */
export function withChecks({ file, line, code }: Example): { readonly text: string; readonly checks: number } {
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

/**
 * Finds the examples of a package: the ```js fences of its README.md, then the `@example`s of the doc comments under src.
 *
 * @param root folder of the package
 * @throws Error that names file and line when a fence is never closed
 */
export function liftExamples(root: string): Example[] {
  const readme = path.join(root, 'README.md')
  const readmeExamples = existsSync(readme) ? fences('README.md', readFileSync(readme, 'utf8').split('\n'), 1) : []
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return sources.sort().reduce<Example[]>((examples, file) => {
    const text = readFileSync(path.join(root, 'src', file), 'utf8')
    return [...examples, ...docExamples(`src/${file.replaceAll('\\', '/')}`, text)]
  }, readmeExamples)
}
