import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createServer } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { viteBundle, webpackBundle } from './bundle.js'
import { installedProject, PACKAGES } from './installed-project.js'
import { chromium, openPage } from './open-page.js'
import type { Posted } from './open-page.js'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))
const TFJS = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out')
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

if (chromium === undefined) {
  process.stderr.write(
    'browser tests of @audiotag/backend left out: no Chromium (set CHROMIUM to its path); bundles are tested all the same\n',
  )
}

/** What Node trains, in a process of its own. */
const node = JSON.parse(
  execFileSync(process.execPath, [fileURLToPath(new URL('fixtures/node.mjs', import.meta.url))], { encoding: 'utf8' }),
) as Posted

describe.each([
  ['Vite', viteBundle],
  ['webpack', webpackBundle],
])('bundled by %s', (_name, bundle) => {
  let folder = ''
  let warnings: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audiotag-bundle-'))
    warnings = await bundle(folder)
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('the files of the kernels, of TensorFlow.js and of the workers are there, without warnings', async () => {
    expect(warnings).toEqual([])
    const names = await readdir(folder, { recursive: true })
    const wasm = await Promise.all(
      names.filter((name) => name.endsWith('.wasm')).map(async (name) => sha256(await readFile(join(folder, name)))),
    )
    const wanted = ['kernels', 'kernels-relaxed', 'kernels-shared', 'kernels-shared-relaxed'].map((name) => join(DIST, `${name}.wasm`))
    wanted.push(...['simd', 'threaded-simd'].map((name) => join(TFJS, `tfjs-backend-wasm-${name}.wasm`)))
    expect(wasm.toSorted()).toEqual((await Promise.all(wanted.map(async (file) => sha256(await readFile(file))))).toSorted())
  })

  if (chromium === undefined) return

  test('an isolated page trains on two threads to the bits of Node', async () => {
    const posted = await openPage(folder, { isolated: true, query: '?threads=2' })
    expect(posted).toEqual({ ...node, isolated: true, threads: 2 })
  }, 70_000)

  test('any other page trains on one thread to the bits of Node', async () => {
    const posted = await openPage(folder, { isolated: false })
    expect(posted).toEqual({ ...node, isolated: false, threads: 1 })
  }, 70_000)

  test.each([
    [true, '?worker&threads=2', 2],
    [false, '?worker', 1],
  ])(
    'a worker of a page (isolated: %s) trains to the bits of Node',
    async (isolated, query, threads) => {
      expect(await openPage(folder, { isolated, query })).toEqual({ ...node, isolated, threads })
    },
    70_000,
  )

  test('two threads without isolation are an error that says what is missing', async () => {
    const posted = await openPage(folder, { isolated: false, query: '?threads=2' })
    expect(posted).toMatchObject({
      code: 'option',
      error: expect.stringContaining('not cross-origin isolated (headers COOP and COEP)') as string,
    })
  }, 70_000)

  test('relaxed SIMD trains to nearly the same losses', async () => {
    const { simd, losses = [], error } = await openPage(folder, { isolated: true, query: '?threads=2&simd=relaxed' })
    expect({ simd, error }).toEqual({ simd: 'relaxed', error: undefined })
    // Roundings differ by 1e-7; three steps of Adam make at most a thousand times that of it.
    for (const [i, loss] of (node.losses ?? []).entries()) expect(Math.abs(losses[i] - loss)).toBeLessThan(1e-4)
  }, 70_000)

  test('webgpu computes on Chromium’s SwiftShader', async () => {
    const { simd, adapter, losses, error } = await openPage(folder, { isolated: false, query: '?webgpu', webgpu: true, seconds: 110 })
    expect({ simd, error }).toEqual({ simd: 'webgpu', error: undefined })
    expect(adapter).toMatch(/swiftshader/i)
    // How many windows hold each pixel; and nine windows for each weight.
    expect(losses).toEqual([1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1, 9, 9, 9, 9])
  }, 120_000)

  test('kernels that are not served are an error with their address', async () => {
    const kernels = sha256(await readFile(join(DIST, 'kernels.wasm')))
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.wasm'))
    const hashes = await Promise.all(names.map(async (name) => sha256(await readFile(join(folder, name)))))
    const withheld = names[hashes.indexOf(kernels)]
    const posted = await openPage(folder, { isolated: false, withheld })
    expect(posted).toMatchObject({ code: 'start', error: expect.stringMatching(`${withheld}: HTTP status 404`) as string })
  }, 70_000)
})

if (chromium !== undefined) {
  test("Vite's dev server finds the files without configuration", async () => {
    const root = await installedProject()
    const server = await createServer({
      configFile: false,
      root,
      logLevel: 'silent',
      server: { middlewareMode: true, hmr: false, ws: false, fs: { allow: [root, await realpath(join(PACKAGES, '../node_modules'))] } },
    })
    try {
      expect(await openPage(server.middlewares, { isolated: true, query: '?threads=2' })).toEqual({ ...node, isolated: true, threads: 2 })
    } finally {
      await server.close()
      await rm(root, { recursive: true, force: true })
    }
  }, 90_000)
}
