import { describe, expect, test } from 'vitest'

import { describeWebGpu } from './describe-web-gpu.js'
import { resultOfFixture } from './run-fixture.js'

interface Costs {
  readonly counts: readonly number[]
  readonly made: readonly number[]
  readonly numTensors: number
  readonly numBytesInGPU: number
  readonly numBytesAllocatedInGPU: number
}

// On Dawn's null device: it checks every call and computes nothing, on any machine.
describe('what a training step asks of the device', () => {
  test.each([
    ['resnet34', 'adam', 'float32', 1, 8, 600],
    ['resnet34', 'sgd', 'float32', 1, 8, 600],
    ['resnet34', 'sgd', 'float16', 1, 8, 600],
    ['resnet34', 'adam', 'float32', 0.5, 32, 600],
    ['envnet2', 'sgd', 'float32', 1, 4, 250],
  ])(
    '%s with %s in %s, width %d, %i clips: at most %i dispatches, and from the third step on no more memory and no new buffers',
    async (architecture, optimizer, precision, width, clips, most) => {
      const how = [precision, `${width}`, `${clips}`]
      const short = await resultOfFixture<Costs>('null-gpu.mjs', architecture, optimizer, '3', ...how)
      const long = await resultOfFixture<Costs>('null-gpu.mjs', architecture, optimizer, '6', ...how)
      expect(long.made[0]).toBeGreaterThan(100)
      expect(long.made.slice(2)).toEqual([0, 0, 0, 0])
      expect(Math.max(...long.counts)).toBeLessThanOrEqual(most)
      expect(Math.min(...long.counts)).toBeGreaterThan(100)
      expect(new Set(long.counts).size).toBe(1)
      const sizes = ({ numTensors, numBytesInGPU, numBytesAllocatedInGPU }: Costs): number[] => [
        numTensors,
        numBytesInGPU,
        numBytesAllocatedInGPU,
      ]
      expect(sizes(long)).toEqual(sizes(short))
    },
    240_000,
  )
})

interface Said {
  readonly name: string
  readonly code: string
  readonly message: string
}

interface Faults {
  readonly navigator: boolean
  readonly left: readonly number[]
  readonly after: readonly number[]
  readonly large: Said
  readonly sync: Said
  readonly fault: Said
  readonly next: Said
  readonly read: Said
  readonly again: Said
}

describeWebGpu('errors of the device', () => {
  test('too large a tensor is an error that leaves nothing; one of the device ends all, under the name of its kernel; the process ends', async () => {
    const { navigator, large, left, after, sync, fault, next, read, again } = await resultOfFixture<Faults>('device-fault.mjs')
    expect(navigator).toBe(true)
    expect(large).toMatchObject({ name: 'BackendError', code: 'out-of-memory' })
    expect(large.message).toMatch(
      /^Tile: a tensor of 17179869184 bytes is more than this device takes in one buffer, \d+\. Use smaller batches/,
    )
    expect(left).toEqual([0, 0])
    expect(after).toEqual([2, 3])
    expect(sync).toMatchObject({ name: 'BackendError', message: expect.stringContaining('Use await tensor.data()') as string })
    for (const said of [fault, next, read, again]) {
      expect(said).toMatchObject({ name: 'BackendError', code: 'device' })
      expect(said.message).toMatch(/^webgpu: the device failed in Broken: .*nonsense/s)
    }
  }, 120_000)
})
