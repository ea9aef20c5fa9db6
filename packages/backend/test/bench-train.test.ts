import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { backendReport } from '@audiotag/backend'

// @ts-expect-error: plain JavaScript, without declarations
import { compareEngines } from '../../../tools/bench-train/compare-engines.mjs'

/** An engine whose steps take three milliseconds. */
const ENGINE = `console.log('{"version":"1"}'); require('node:readline').createInterface({ input: process.stdin }).on('line', () => console.log('{"ms":3}'))`
const bench = fileURLToPath(new URL('../../../tools/bench-train/run.mjs', import.meta.url))

test('pnpm bench:train measures our step alone and writes its results', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-train-'))
  try {
    const file = join(folder, 'results.json')
    const { stdout } = await promisify(execFile)(process.execPath, [bench, '--quick', '--json', file], { timeout: 60_000 })
    expect(stdout).toContain('ours alone')
    const { machine, results, profiles } = JSON.parse(await readFile(file, 'utf8'))
    expect(machine.peakGigaflopsOneThread.plain).toBeGreaterThan(0)
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ net: 'resnet34', width: 1 / 8, batch: 16, backend: 'wasm', simd: 'plain', threads: 1 })
    expect(results[0].msPerStep).toBeGreaterThan(0)
    expect(results[0]).not.toHaveProperty('ratio')
    const [{ convolutions, kinds }] = profiles[0].profiles
    const calls = convolutions.reduce((sum: number, shape: { calls: number }) => sum + shape.calls, 0)
    expect(calls).toBe(36) // stem, 32 in the blocks, 3 projections
    expect(Object.keys(kinds)).toContain('convolution, gradient by weights')
  } finally {
    await rm(folder, { recursive: true })
  }
}, 90_000)

test('a net that is not there is named, with the ones that are', async () => {
  await expect(promisify(execFile)(process.execPath, [bench, '--nets', 'vgg:1'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/there is no net vgg:1\n.*resnet34:1\/8/),
  })
})

test.each([
  ['gpu', /--backend must be of node-gpu, node, webgpu, wasm, cpu, got gpu\n/],
  ['wasm,', /--backend must be of .*, got \n/],
])(
  '--backend %s is an error with the ones there are',
  async (backend, message) => {
    await expect(promisify(execFile)(process.execPath, [bench, '--quick', '--backend', backend])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message),
    })
  },
  30_000,
)

test('a backend that is not here is refused with its reason; an engine that does not start does not stop the others', async () => {
  const { backends } = await backendReport()
  for (const { name } of backends.filter(({ available }) => !available)) {
    await expect(promisify(execFile)(process.execPath, [bench, '--quick', '--backend', name])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--backend ${name} is not here: `),
    })
  }
  const works = { name: 'works', program: process.execPath, commandLine: ['-e', ENGINE] }
  const broken = { name: 'broken', program: process.execPath, commandLine: ['-e', "throw new Error('no device')"] }
  const compared = await compareEngines([broken, works], { steps: 2, seconds: 1 })
  expect(compared).toEqual([
    expect.objectContaining({ name: 'works', version: '1', all: 3, fastest: 3 }),
    { name: 'broken', error: expect.stringContaining('no device') as string },
  ])
}, 60_000)

test('a backend that does not offer a precision is not measured in it', async () => {
  const step = fileURLToPath(new URL('../../../tools/bench-train/our-step.mjs', import.meta.url))
  const shape = ['--net', 'resnet34', '--width', '0.0625', '--input', '[1,64,64]', '--threads', '1', '--warmup', '0']
  for (const backend of ['wasm', 'cpu']) {
    await expect(
      promisify(execFile)(process.execPath, [step, ...shape, '--backend', backend, '--precision', 'float16']),
    ).rejects.toMatchObject({
      stderr: expect.stringContaining(`${backend} does not offer precision 'float16'`),
    })
  }
}, 60_000)
