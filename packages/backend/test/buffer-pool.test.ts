import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { BufferPool } from '../src/webgpu/buffer-pool.js'

const MB = 2 ** 20

/** A device that only makes buffers. */
function poolOf(recorded: (buffer: GPUBuffer) => boolean = () => false): { pool: BufferPool; made: () => number; bytes: () => number } {
  let [made, bytes] = [0, 0]
  const createBuffer = ({ size }: GPUBufferDescriptor): GPUBuffer => {
    made++
    bytes += size
    let destroyed = false
    return {
      size,
      destroy() {
        expect(destroyed, 'destroyed twice').toBe(false)
        destroyed = true
        bytes -= size
      },
    } as GPUBuffer
  }
  return { pool: new BufferPool({ createBuffer } as unknown as GPUDevice, recorded), made: () => made, bytes: () => bytes }
}

describe('BufferPool', () => {
  test('a training step, which keeps what it makes till its end, makes nothing anew', () => {
    const { pool, made } = poolOf()
    for (let step = 0; step < 5; step++) {
      const kept = Array.from({ length: 40 }, (_, i) => pool.acquireBuffer((i + 1) * MB, 1))
      for (const buffer of kept) pool.releaseBuffer(buffer)
      expect(made()).toBe(40)
    }
  })

  test('a prediction, which frees each buffer after the next, soon makes nothing anew, however many sizes it goes through', () => {
    const { pool, made } = poolOf()
    const counts: number[] = []
    for (let step = 0; step < 6; step++) {
      const before = made()
      let last: GPUBuffer | undefined
      for (let i = 0; i < 30; i++) {
        const buffer = pool.acquireBuffer((200 - i) * MB, 1)
        if (last) pool.releaseBuffer(last)
        last = buffer
      }
      pool.releaseBuffer(last as GPUBuffer)
      counts.push(made() - before)
    }
    expect(counts[0]).toBe(30)
    expect(counts.slice(3)).toEqual([0, 0, 0])
  })

  test('sizes that do not come back are given back to the device', () => {
    const { pool, bytes } = poolOf()
    for (let i = 0; i < 1000; i++) {
      pool.releaseBuffer(pool.acquireBuffer(100 * MB + i * 4, 1))
      expect(bytes()).toBeLessThanOrEqual(2 ** 28)
    }
  })

  test('after larger ones, a process keeps no more than it had', () => {
    const { pool, bytes } = poolOf()
    const large = Array.from({ length: 50 }, (_, i) => pool.acquireBuffer((i + 1) * MB, 1))
    const most = bytes()
    for (const buffer of large) pool.releaseBuffer(buffer)
    for (let i = 0; i < 200; i++) pool.releaseBuffer(pool.acquireBuffer(200 * MB + i * 4, 1))
    expect(bytes()).toBeLessThanOrEqual(1.25 * most)
    // Long after, nothing tells of them but what they left, which makes room.
    for (let i = 0; i < 2 ** 15; i++) pool.releaseBuffer(pool.acquireBuffer(MB, 1))
    pool.releaseBuffer(pool.acquireBuffer(3 * MB + 4, 1))
    expect(bytes()).toBeLessThanOrEqual(2 ** 28)
  })

  test('what commands use that are not submitted stays', () => {
    const used = new Set<GPUBuffer>()
    const { pool, bytes } = poolOf((buffer) => used.has(buffer))
    for (let i = 0; i < 5; i++) {
      const buffer = pool.acquireBuffer(100 * MB + i * 4, 1)
      used.add(buffer)
      pool.releaseBuffer(buffer)
    }
    expect(bytes()).toBeGreaterThan(500 * MB)
    used.clear()
    pool.releaseBuffer(pool.acquireBuffer(4, 1))
    expect(bytes()).toBeLessThanOrEqual(2 ** 28)
  })

  test('a buffer is given out once, in the size asked for, and counted', () => {
    const call = fc.oneof(
      fc.record({ size: fc.integer({ min: 1, max: 8 }).map((size) => size * 40 * MB), usage: fc.constantFrom(1, 2) }),
      fc.record({ free: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const { pool, bytes } = poolOf()
        const given: GPUBuffer[] = []
        for (const one of calls) {
          if ('size' in one) {
            const buffer = pool.acquireBuffer(one.size, one.usage)
            expect(buffer.size).toBe(one.size)
            expect(given).not.toContain(buffer)
            given.push(buffer)
          } else if (given.length > 0) {
            pool.releaseBuffer(given.splice(one.free % given.length, 1)[0])
          }
          expect(pool.numBytesAllocated).toBe(bytes())
          expect(pool.numBytesUsed).toBe(given.reduce((sum, { size }) => sum + size, 0))
        }
        pool.dispose()
        expect(bytes()).toBe(0)
      }),
    )
  })
})
