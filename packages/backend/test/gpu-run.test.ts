import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../../tools/gpu/run.mjs', import.meta.url))
let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gpu-run-'))))
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [program, '--no-tests', '--small', ...args], {
    // None of what the machine has is set up: that takes minutes.
    env: { ...process.env, PATH: '/nowhere', AUDIOTAG_PYTHON: '', AUDIOTAG_TENSORFLOW: '', VK_DRIVER_FILES: '/nowhere.json' },
    timeout: 150_000,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )

test('tools/gpu/run measures to its end and writes a table and the same as JSON', async () => {
  const out = join(folder, 'wasm')
  const { code, stdout } = await run('--out', out, '--backend', 'wasm', '--seconds', '120')
  expect(stdout).toMatch(/nvidia-smi: not here/)
  expect(stdout).toMatch(/\nwasm: 0 suites passed, 0 failed; \d of 3 steps measured\n/)
  expect(code).toBe(0)
  const results = JSON.parse(await readFile(join(out, 'gpu.json'), 'utf8')) as {
    complete: boolean
    steps: { engine: string; ms?: number; error?: string }[]
  }
  expect(results.complete).toBe(true)
  expect(results.steps).toHaveLength(3)
  const table = await readFile(join(out, 'gpu.md'), 'utf8')
  for (const { engine, ms, error } of results.steps) {
    expect(engine).toBe('wasm')
    expect(table).toContain(ms === undefined ? `not measured: ${error}` : ` ${ms.toFixed(1)} `)
  }
  expect(results.steps[0].ms).toBeGreaterThan(0)
}, 180_000)

test('where nothing is here it says so, writes what it found and ends with 1', async () => {
  const out = join(folder, 'none')
  const { code, stdout } = await run('--out', out, '--backend', 'node-gpu', '--seconds', '60')
  expect(code).toBe(1)
  expect(stdout).toMatch(/none of node-gpu is here: nothing to test or measure/)
  const results = JSON.parse(await readFile(join(out, 'gpu.json'), 'utf8')) as {
    complete: boolean
    backends: { name: string; reason: string }[]
  }
  expect(results.complete).toBe(false)
  expect(results.backends.find(({ name }) => name === 'node-gpu')?.reason).not.toBe('')
}, 90_000)

test.each([
  [['--seconds', '900'], /--seconds must be 10 to 590, got 900/],
  [['--backend', 'cuda'], /--backend must be of node-gpu, node, webgpu, wasm, got cuda/],
])(
  '%s is bad usage',
  async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) as string })
  },
  30_000,
)
