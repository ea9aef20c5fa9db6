import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

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
