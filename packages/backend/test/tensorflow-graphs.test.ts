import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers' // registers the gradients of tfjs-core
import { expect, test } from 'vitest'

import { useTensorFlow } from '@audiotag/backend'

import { values, worstError } from './compare.js'
import { describeTensorFlow } from './describe-tensorflow.js'
import { resultOfFixture } from './run-fixture.js'

await import('@tensorflow/tfjs-backend-cpu')

interface Binding {
  getNumOfTensors(): number
  getNumOfSavedModels(): number
}
const binding = (): Binding => (tf.backend() as unknown as { binding: Binding }).binding

const meanSquare = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
  tf.mean(tf.square(tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), 0.1))))

/** Convolutions with gradients, reductions, shapes: more than a graph has at least. */
function program(seed: number, size: number): tf.Tensor[] {
  const x = tf.tensor4d(values(seed, [2, size, size, 3]), [2, size, size, 3])
  const w = tf.tensor4d(values(seed + 1, [3, 3, 3, 4]), [3, 3, 3, 4])
  const { value, grads } = tf.valueAndGrads(meanSquare)([x, w])
  const [top, rest] = tf.split(tf.transpose(grads[0], [1, 0, 2, 3]), [1, size - 1], 0)
  return [value, ...grads, top, tf.pad(rest, [[1, 0], [0, 0], [0, 0], [0, 0]]), tf.concat([x, x], 3)] // prettier-ignore
}

async function read(run: () => tf.Tensor[]): Promise<Float32Array[]> {
  const tensors = tf.tidy(run)
  const arrays = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()))
  tf.dispose(tensors)
  return arrays
}

const predict = (): tf.Tensor[] => {
  let x: tf.Tensor = tf.tensor4d(values(3, [2, 16, 16, 8]), [2, 16, 16, 8])
  const w = tf.tensor4d(values(4, [3, 3, 8, 8]), [3, 3, 8, 8])
  for (let layer = 0; layer < 4; layer++) x = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, w, 1, 'same'), 0.5))
  return [tf.softmax(tf.matMul(tf.mean(x, [1, 2]) as tf.Tensor2D, tf.ones([8, 5])))]
}

const quotient = (divisor: number): tf.Tensor =>
  tf.tidy(() => tf.floorDiv(tf.tensor1d([6, 4], 'int32'), tf.tensor1d([divisor, 2], 'int32')))
const chain = (divisor: number): tf.Tensor => tf.tidy(() => {
  let y = quotient(divisor)
  for (let i = 0; i < 10; i++) y = tf.add(y, tf.scalar(1, 'int32'))
  return y
}) // prettier-ignore

const train = (...steps: string[]): Promise<{ losses: number[] }> => resultOfFixture('resumed-training.mjs', ...steps)

await describeTensorFlow('operations that wait and run together', () => {
  test('the numbers are those of cpu, the bits those of the first time, and nothing is left', async () => {
    const { graphs } = await useTensorFlow()
    expect(graphs).toBe(true)
    for (const size of [5, 8]) {
      const before = { tensors: binding().getNumOfTensors(), models: binding().getNumOfSavedModels() }
      const first = await read(() => program(1, size))
      for (let again = 0; again < 3; again++) expect(await read(() => program(1, size))).toEqual(first)
      const others = await read(() => program(7, size))
      expect(binding().getNumOfTensors()).toBe(before.tensors)
      expect(binding().getNumOfSavedModels()).toBeGreaterThan(before.models)
      await tf.setBackend('cpu')
      expect(worstError(first, await read(() => program(1, size)))).toBeLessThan(1e-5)
      expect(worstError(others, await read(() => program(7, size)))).toBeLessThan(1e-5)
      await tf.setBackend('tensorflow')
    }
  })

  test('a prediction has the same bits one by one and as a graph', async () => {
    const models = binding().getNumOfSavedModels()
    const first = await read(predict)
    expect(binding().getNumOfSavedModels()).toBe(models)
    for (let again = 0; again < 3; again++) expect(await read(predict)).toEqual(first)
    expect(binding().getNumOfSavedModels()).toBe(models + 1)
  })

  test('inputs and results may be disposed before anything runs', async () => {
    const before = binding().getNumOfTensors()
    for (let again = 0; again < 3; again++) {
      const x = tf.tensor1d([1, 2, 3])
      const [y, unread] = tf.tidy(() => {
        let y: tf.Tensor = tf.add(tf.mul(x, 2), 1)
        for (let i = 0; i < 10; i++) y = tf.add(tf.sqrt(tf.square(y)), 1)
        return [y, tf.neg(y)]
      })
      x.dispose()
      unread.dispose()
      expect(binding().getNumOfTensors()).toBe(before + 1)
      expect(await y.data()).toEqual(Float32Array.of(13, 15, 17))
      y.dispose()
      expect(binding().getNumOfTensors()).toBe(before)
    }
  })

  test('a loop that nobody reads runs in pieces', async () => {
    let x: tf.Tensor = tf.scalar(0)
    for (let i = 0; i < 10_000; i++) {
      const next = tf.add(x, 1)
      x.dispose()
      x = next
    }
    expect(await x.data()).toEqual(Float32Array.of(10_000))
    x.dispose()
  })

  test('what waits and the freed inputs that it needs stay below a bound', async () => {
    const kept: tf.Tensor[] = []
    const before = process.memoryUsage().rss
    let most = 0
    for (let i = 0; i < 100; i++) {
      // 16 MiB each.
      const x = tf.tile(tf.tensor1d([i]), [2 ** 22])
      kept.push(tf.tidy(() => tf.sum(tf.add(tf.mul(x, 2), 1))))
      x.dispose()
      most = Math.max(most, process.memoryUsage().rss - before)
    }
    const sums = await Promise.all(kept.map((tensor) => tensor.data()))
    expect(sums.map(([sum]) => sum / 2 ** 22)).toEqual(kept.map((_, i) => 2 * i + 1))
    expect(most).toBeLessThan(1.2 * 2 ** 30)
    tf.dispose(kept)
  })

  test('an error comes where the numbers are wanted, names the operation, and the backend goes on', async () => {
    const before = binding().getNumOfTensors()
    for (const run of [quotient, chain, chain, chain]) {
      const good = run(3)
      expect([...(await good.data())][0]).toBe(run === quotient ? 2 : 12)
      const bad = run(0)
      await expect(bad.data()).rejects.toMatchObject({
        name: 'BackendError',
        code: 'operation',
        message: expect.stringMatching(/FloorDiv/) as string,
      })
      await expect(bad.data()).rejects.toThrow(/division by zero/)
      tf.dispose([good, bad])
    }
    expect(binding().getNumOfTensors()).toBe(before)
    expect(await tf.add(1, 2).data()).toEqual(Float32Array.of(3))
  })

  test('shapes that do not fit are an error where they are given', () => {
    expect(() => tf.engine().runKernel('Add', { a: tf.ones([2]), b: tf.ones([3]) })).toThrow(/Add: Incompatible shapes/)
  })

  test('a training that goes on in another process has the bits of one that was not interrupted', async () => {
    const whole = await train('0', '4')
    expect(new Set(whole.losses).size).toBe(4)
    expect((await train('2', '4')).losses).toEqual(whole.losses.slice(2))
  }, 120_000)
})
