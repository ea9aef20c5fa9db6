import { describe, expect, it } from 'vitest'
import { measureBackend } from '../src/plan/measure-backend.js'

const request = {
  threads: 1,
  networks: [{ architecture: 'resnet34', width: 0.0625, slice: 64, batch: 2 }],
  budgetSeconds: 1,
  all: true,
} as const

describe('measureBackend', () => {
  it('measures in a process of its own', async () => {
    const { started, speeds } = await measureBackend({ ...request, name: 'wasm' })
    expect(started).toMatchObject({ threads: 1, simd: 'plain' })
    expect(speeds).toHaveLength(1)
    expect(speeds[0]).toMatchObject({ width: 0.0625, length: 64, batch: 2 })
    expect(speeds[0].flopsPerSecond).toBeGreaterThan(0)
    expect(speeds[0].predictionFlopsPerSecond).toBeGreaterThan(0)
  }, 60_000)

  it('a backend that does not start is an error with its reason', async () => {
    await expect(measureBackend({ ...request, name: 'gpu' })).rejects.toThrow(/name must be one of auto, .*got gpu/u)
  }, 60_000)

  it('a process that neither answers nor ends is killed at its limit, and says so', async () => {
    await expect(measureBackend({ ...request, name: 'wasm' }, { startSeconds: 0, budgetFactor: 0.001 })).rejects.toThrow(
      /it did not start within 0.001 s/u,
    )
  }, 60_000)

  it('a network that cannot be timed is an error, not a speed', async () => {
    const networks = [{ ...request.networks[0], width: -1 }]
    await expect(measureBackend({ ...request, name: 'wasm', networks })).rejects.toThrow(/width/u)
  }, 60_000)
})
