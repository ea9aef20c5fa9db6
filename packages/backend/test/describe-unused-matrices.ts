import { softwareVulkan } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { create, globals } from 'webgpu'

import { useWebGpu } from '@audiotag/backend'

import { describeWebGpu } from './describe-web-gpu.js'
import { emulatedHalfFloats } from './emulated-half-floats.js'
import { emulatedMatrices } from './emulated-matrices.js'

/** Registers the suite of a device whose matrix units are not to be used. A file of its own each: a process has one device. */
export async function describeUnusedMatrices(title: string, kind: 'wrong' | 'refused'): Promise<void> {
  softwareVulkan()
  Object.assign(globalThis, globals)
  // describeWebGpu says so where there is no adapter.
  await useWebGpu({ gpu: emulatedMatrices(emulatedHalfFloats(create([])), kind) }).catch(() => undefined)

  describeWebGpu(title, () => {
    test('is used without them', async () => {
      expect(await useWebGpu({ precision: 'float16' })).toMatchObject({ precision: 'float16' })
      expect((tf.backend() as unknown as { matrices: boolean }).matrices).toBe(false)
      const y = tf.tidy(() => tf.conv2d(tf.ones<tf.Rank.R4>([1, 8, 8, 64]), tf.ones<tf.Rank.R4>([1, 1, 64, 64]), 1, 'valid'))
      expect(new Set(await y.data())).toEqual(new Set([64]))
      y.dispose()
    }, 60_000)
  })
}
