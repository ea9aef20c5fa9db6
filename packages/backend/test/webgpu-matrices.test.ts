import { softwareVulkan } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { create, globals } from 'webgpu'

import { useWebGpu } from '@audiotag/backend'

import { on, values, worstError } from './compare.js'
import { describeWebGpu } from './describe-web-gpu.js'
import { emulatedMatrices } from './emulated-matrices.js'

softwareVulkan()
Object.assign(globalThis, globals)
// describeWebGpu says so where there is no adapter.
await useWebGpu({ gpu: emulatedMatrices(create([])), precision: 'float16' }).catch(() => undefined)

/** Small whole numbers: half floats hold them, and sums of their products are exact. */
const whole = (seed: number, shape: readonly number[]): tf.Tensor =>
  tf.tensor(
    values(seed, shape).map((value) => Math.round(value * 4)),
    [...shape],
  )

describeWebGpu('products by matrix units', () => {
  test('are taken where one that was tried is right', () => {
    expect((tf.backend() as unknown as { matrices: boolean }).matrices).toBe(true)
  })

  test.each([
    ['large tiles, sums that are split', [1, 12, 12, 128], [3, 3, 128, 132], 1],
    ['a stride', [2, 9, 10, 64], [3, 3, 64, 72], 2],
  ] as const)(
    '%s: output and both gradients are those of cpu',
    async (_name, shape, filterShape, stride) => {
      const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same')
      const run = (): tf.Tensor[] => {
        const [x, filter] = [whole(1, shape), whole(2, filterShape)]
        const y = f(x, filter)
        return [y, ...tf.grads(f)([x, filter], whole(3, y.shape))]
      }
      expect(worstError(await on('webgpu', run), await on('cpu', run))).toBe(0)
    },
    120_000,
  )
})
