// pnpm conformance [backend] [--threads N] [--update]: TensorFlow.js's own specs on a backend, see README.md.
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

import { bundleSuite } from './bundle-suite.mjs'

const { backend, options } = await readArguments()
const list = new URL(`known-failures-${backend.replace('-gpu', '')}.json`, import.meta.url)
const listed = existsSync(list) ? JSON.parse(await readFile(list, 'utf8')) : {}

const { runSpecs } = createRequire(import.meta.url)(await bundleSuite(backend))
const { log, warn, error } = console
console.log = console.warn = console.error = () => {} // TensorFlow.js's remarks on what the specs do on purpose
const { specs, device } = await runSpecs({ threads: options.threads })
Object.assign(console, { log, warn, error })

const failures = new Map(specs.filter(({ status }) => status === 'failed').map(({ name, messages }) => [name, messages]))
/** A reason that begins with "On NAME: " is one of devices of that name; others may pass. */
const isHere = (reason) => device.toLowerCase().includes(/^On (\S+): /.exec(reason)?.[1].toLowerCase() ?? '')
let known = Object.fromEntries(Object.entries(listed).filter(([, reason]) => isHere(reason)))
if (options.update) {
  known = Object.fromEntries([...failures.keys()].map((name) => [name, listed[name] ?? '']))
  const others = Object.entries(listed).filter(([, reason]) => !isHere(reason))
  await writeFile(list, `${JSON.stringify({ ...known, ...Object.fromEntries(others) }, null, 2)}\n`)
}
const problems = []
for (const [name, messages] of failures) {
  if (!(name in known)) problems.push([`fails: ${name}`, ...messages.map((message) => `    ${message.split('\n')[0]}`)].join('\n'))
}
for (const [name, reason] of Object.entries(known)) {
  if (!failures.has(name)) problems.push(`passes or is gone, take it off the list (--update): ${name}`)
  else if (reason === '') problems.push(`is listed without a reason: ${name}`)
}
for (const problem of problems) console.log(problem)
const count = (wanted) => specs.filter(({ status }) => status === wanted).length
const expected = Object.keys(known).filter((name) => failures.has(name)).length
console.log(`${backend}: ${specs.length} specs, ${count('pending')} pending, ${expected} known failures (tools/conformance)`)
console.log(`${count('passed')} passed, ${failures.size - expected} failed`)
// Idle workers and timers of the specs would keep the process.
process.exit(problems.length === 0 ? 0 : 1)

async function readArguments() {
  const names = (await readdir(new URL('backends/', import.meta.url))).map((file) => file.replace(/\.js$/, ''))
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { threads: { type: 'string', default: '1' }, update: { type: 'boolean', default: false } },
    })
    const [name = 'wasm', ...rest] = positionals
    if (rest.length > 0) throw new Error(`one backend at a time, got ${positionals.join(', ')}`)
    if (!names.includes(name)) throw new Error(`there is no backend ${name} here. Use one of ${names.join(', ')}`)
    const threads = Number(values.threads)
    if (!Number.isInteger(threads) || threads < 1) throw new Error(`--threads must be a whole number from 1, got ${values.threads}`)
    return { backend: name, options: { threads, update: values.update } }
  } catch (cause) {
    console.error(`conformance: ${cause.message}.\npnpm conformance [${names.join(' | ')}] [--threads N] [--update]`)
    process.exit(2)
  }
}
