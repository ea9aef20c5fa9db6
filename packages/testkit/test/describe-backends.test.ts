import { describeBackends, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, expect, test } from 'vitest'

const ran: string[] = []

describeBackends(
  ['cpu', 'wasm', 'webgl', 'own'],
  (name) => {
    test('is the current backend and computes', async () => {
      ran.push(name)
      expect(tf.getBackend()).toBe(name)
      const product = tf.tidy(() => tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([1, 1], [2, 1])))
      expect([...(await product.data())]).toEqual([3, 7])
      product.dispose()
    })

    test('expectNoLeaks: a kept tensor fails, a disposed one does not', async () => {
      let kept: tf.Tensor | undefined
      await expect(expectNoLeaks(() => void (kept = tf.ones([3])))).rejects.toThrow(/tensors and \d+ buffers before/)
      kept?.dispose()
      expect(await expectNoLeaks(() => tf.tidy(() => tf.ones([3]).shape[0]))).toBe(3)
    })
  },
  {
    setup: {
      own: () => {
        throw new Error('there is no such device')
      },
    },
  },
)

afterAll(() => {
  expect(ran).toEqual(['cpu', 'wasm'])
})
