import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { BackendError, backendReport, selectBackend, useWasm } from '@audiotag/backend'
import type { BackendStatus } from '@audiotag/backend'

// What a machine has installed for TensorFlow is the concern of tensorflow.test.ts.
process.env['AUDIOTAG_TENSORFLOW'] = '/nowhere/audiotag-tensorflow'

describe('selectBackend', () => {
  beforeAll(() => useWasm({ threads: 1 }))
  afterAll(() => tf.setBackend('wasm'))

  test('auto takes wasm and says why the others were not taken', async () => {
    const backend = await selectBackend('auto')
    expect(backend).toMatchObject({ name: 'wasm', threads: 1, simd: 'plain', precision: 'float32' })
    expect(backend.reason).toContain('WebAssembly')
    expect(backend.rejected.map(({ name }) => name)).toEqual(['node-gpu', 'node', 'webgpu'])
    for (const { reason } of backend.rejected) expect(reason.length).toBeGreaterThan(20)
    expect(tf.getBackend()).toBe('wasm')
  })

  test('cpu and back', async () => {
    expect(await selectBackend('cpu')).toMatchObject({ name: 'cpu', simd: 'none', rejected: [] })
    expect(tf.getBackend()).toBe('cpu')
    await useWasm()
    expect(tf.getBackend()).toBe('wasm')
  })

  test.each(['node', 'node-gpu'] as const)('%s, named, is an error and never another backend', async (name) => {
    const error: unknown = await selectBackend(name).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BackendError)
    expect(error).toMatchObject({ code: 'missing', message: expect.stringContaining(name) as string })
  })

  test('webgpu, named, is itself or an error that says what is missing', async () => {
    const { backends } = await backendReport()
    const { available, reason } = backends.find(({ name }) => name === 'webgpu') as BackendStatus
    try {
      expect(await selectBackend('webgpu')).toMatchObject({ name: 'webgpu', rejected: [] })
      expect({ available, backend: tf.getBackend() }).toEqual({ available: true, backend: 'webgpu' })
    } catch (error) {
      expect(error).toMatchObject({ code: 'missing', message: expect.stringContaining(reason) as string })
      expect(reason).toMatch(/adapter|npm package webgpu/)
    } finally {
      await useWasm()
    }
  }, 60_000)

  test('wrong options', async () => {
    await expect(selectBackend('gpu' as 'cpu')).rejects.toMatchObject({
      code: 'option',
      message: expect.stringContaining('got gpu') as string,
    })
    for (const threads of [0, 9, 1.5, NaN, '2' as unknown as number]) {
      await expect(useWasm({ threads })).rejects.toMatchObject({ code: 'option' })
      await expect(selectBackend('auto', { threads })).rejects.toMatchObject({ code: 'option' })
    }
    for (const precision of ['bfloat16', 'float16' as 'bfloat16'] as const) {
      await expect(selectBackend('wasm', { precision })).rejects.toMatchObject({
        code: 'option',
        message: expect.stringContaining(`wasm does not offer precision '${precision}'`) as string,
      })
    }
    await expect(useWasm({ threads: 2 })).rejects.toThrow(/already running with 1 thread/)
    await expect(useWasm({ simd: 'fast' as 'plain' })).rejects.toThrow(/'plain' or 'relaxed', got fast/)
  })

  test('the report', async () => {
    const report = await backendReport()
    expect(report.backends.map(({ name, available }) => [name, available])).toEqual([
      ['node-gpu', false],
      ['node', false],
      ['webgpu', expect.any(Boolean)],
      ['wasm', true],
      ['cpu', true],
    ])
    expect(report).toMatchObject({ current: 'wasm', simd: true, sharedMemory: '' })
    expect(report.defaultThreads).toBeGreaterThan(0)
    for (const { available, reason, passedOver } of report.backends) {
      expect(available).toBe(reason === '')
      if (!available) expect(passedOver).toBe('')
    }
  })

  test('the report, of some backends alone', async () => {
    const { backends } = await backendReport(['cpu', 'wasm'])
    expect(backends).toEqual(['wasm', 'cpu'].map((name) => ({ name, available: true, reason: '', passedOver: '' })))
    expect((await backendReport([])).backends).toEqual([])
  })
})
