import { describe, expect, test } from 'vitest'

import { runFixture } from './run-fixture.js'
import type { Ended } from './run-fixture.js'

interface Digest {
  readonly threads: number
  readonly digest: string
  readonly listeners: number
}

describe('in processes of their own', () => {
  test('one, two and three threads train to the same bits, print nothing and end by themselves', async () => {
    const ended: Ended[] = []
    for (const threads of ['1', '2', '3']) ended.push(await runFixture('digest.mjs', threads))
    for (const { code, stderr } of ended) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [one, two, three] = ended.map(({ stdout }) => JSON.parse(stdout) as Digest)
    expect([one.threads, two.threads, three.threads]).toEqual([1, 2, 3])
    expect(two.digest).toBe(one.digest)
    expect(three.digest).toBe(one.digest)
    expect([one.listeners, two.listeners]).toEqual([0, 0])
  }, 180_000)

  test('out of memory is an error, and the backend lives on', async () => {
    const { code, stdout, stderr } = await runFixture('out-of-memory.mjs')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const result = JSON.parse(stdout) as { count: number; code: string; message: string; y: number[] }
    expect(result.code).toBe('out-of-memory')
    expect(result.message).toMatch(/\[256, 1024, 1024\] \(1024\.0 MiB\).*Lower the batch size/)
    expect(result.count).toBe(3)
    expect(result.y).toEqual(Array.from({ length: 9 }, () => 3))
  }, 60_000)

  test.each([
    ['1', 'keep'],
    ['2', 'keep'],
    ['1', 'recompute'],
  ])(
    'a step that runs out of memory, wherever it is, fails with that error, leaves no tensors and can be repeated; %s thread(s), activations %s',
    async (threads, activations) => {
      const { code, stdout, stderr } = await runFixture('out-of-memory-training.mjs', threads, activations)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { plain, troubled, failures, tensors } = JSON.parse(stdout) as {
        plain: number[]
        troubled: number[]
        failures: { code: string; message: string; pass: string; leaked: number[] }[]
        tensors: number
      }
      // Early and late in the step.
      expect(failures.length).toBeGreaterThan(10)
      for (const failure of failures) {
        expect(failure).toMatchObject({ code: 'out-of-memory', leaked: [0, 0] })
        expect(failure.message).toMatch(/no room for .*\(\d+\.\d+ MiB\).*Lower the batch size/)
      }
      expect(new Set(failures.map(({ pass }) => pass))).toEqual(new Set(['forward', 'backward']))
      // Forward passes that failed have changed running statistics alone, which training does not use.
      expect(troubled.slice(0, 4)).toEqual(plain)
      expect(tensors).toBe(0)
    },
    60_000,
  )

  test.each(['1', '2'])(
    'an uncaught error ends a process with %s thread(s) at once',
    async (threads) => {
      const { code, stderr } = await runFixture('throws.mjs', threads)
      expect(code).toBe(1)
      expect(stderr).toContain('on purpose')
      expect(stderr).not.toContain('throw ex')
    },
    60_000,
  )
})
