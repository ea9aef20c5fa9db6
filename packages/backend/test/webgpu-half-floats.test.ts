import { softwareVulkan } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { create, globals } from 'webgpu'

import { selectBackend, useWebGpu } from '@audiotag/backend'

import { on, values, worstError } from './compare.js'
import { goldenRun, rerun } from '../../train/test/golden-run.js'
import { describeWebGpu } from './describe-web-gpu.js'
import { emulatedHalfFloats } from './emulated-half-floats.js'

softwareVulkan()
Object.assign(globalThis, globals)
// describeWebGpu says so where there is no adapter.
await useWebGpu({ gpu: emulatedHalfFloats(create([])) }).catch(() => undefined)

/** Rounded to the 11 bits of a half float, ties to even. */
const rounded = (numbers: Float32Array): Float32Array =>
  numbers.map((number) => {
    if (number === 0) return 0
    const bit = 2 ** (Math.floor(Math.log2(Math.abs(number))) - 10)
    const units = number / bit
    const nearest = Math.round(units)
    return bit * (Math.abs(nearest - units) === 0.5 ? 2 * Math.round(units / 2) : nearest)
  })

/** Output and both gradients of a convolution. */
function convolved(
  shape: readonly number[],
  filterShape: readonly number[],
  stride: number,
  scale: number,
  round: boolean,
): () => tf.Tensor[] {
  const as = (numbers: Float32Array): Float32Array => (round ? rounded(numbers) : numbers)
  const f = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same')
  return () => {
    const [x, filter] = [tf.tensor(as(values(1, shape)), [...shape]), tf.tensor(as(values(2, filterShape)), [...filterShape])]
    const y = f(x, filter)
    const dy = tf.tensor(
      as(values(3, y.shape)).map((number) => number * scale),
      y.shape,
    )
    return [
      y,
      ...tf
        .grads(f)([x, filter], dy)
        .map((gradient) => tf.mul(gradient, 1 / scale)),
    ]
  }
}

describeWebGpu('half floats', () => {
  test.each([
    ['3 × 3', [2, 9, 8, 16], [3, 3, 16, 32], 1],
    ['a sum that is split', [1, 9, 8, 64], [3, 3, 64, 68], 1],
    ['channels that are no multiple of 4', [2, 7, 6, 3], [3, 2, 3, 5], 1],
    ['a projection with a stride', [2, 9, 8, 8], [1, 1, 8, 16], 2],
  ] as const)(
    '%s: factors have 11 bits, sums more; so do gradients that half floats do not reach to',
    async (_name, shape, filterShape, stride) => {
      expect(await selectBackend('webgpu', { precision: 'float16' })).toMatchObject({ name: 'webgpu', precision: 'float16' })
      for (const scale of [1, 2 ** -40, 2 ** 40]) {
        const actual = await on('webgpu', convolved(shape, filterShape, stride, scale, false))
        expect(worstError(actual, await on('cpu', convolved(shape, filterShape, stride, scale, true))), `${scale}`).toBeLessThan(1e-5)
        expect(worstError(actual, await on('cpu', convolved(shape, filterShape, stride, scale, false))), `${scale}`).toBeGreaterThan(3e-5)
      }
    },
    120_000,
  )

  test('a spectrogram or waveform, of one channel, stays float32; and so does everything after it is asked for', async () => {
    const one = convolved([2, 9, 8, 1], [3, 3, 1, 8], 1, 1, false)
    const many = convolved([2, 9, 8, 16], [3, 3, 16, 32], 1, 1, false)
    expect(await useWebGpu({ precision: 'float16' })).toMatchObject({ precision: 'float16' })
    expect(worstError(await on('webgpu', one), await on('cpu', one))).toBeLessThan(1e-5)
    expect(await useWebGpu()).toMatchObject({ precision: 'float16' })
    expect(await useWebGpu({ precision: 'float32' })).toMatchObject({ precision: 'float32' })
    expect(worstError(await on('webgpu', many), await on('cpu', many))).toBeLessThan(1e-5)
  }, 120_000)

  test('a gradient that was changed in place since is looked at again', async () => {
    await useWebGpu({ precision: 'float16' })
    const dy = tf.mul(tf.ones([1, 2, 2, 4]), 2 ** -40)
    const [x, ones] = [tf.ones([1, 2, 2, 4]), tf.ones([1, 2, 2, 4])]
    const gradient = (): tf.Tensor => tf.tidy(() => tf.grad((x) => tf.conv2d(x as tf.Tensor4D, tf.ones([1, 1, 4, 4]), 1, 'valid'))(x, dy))
    const before = gradient()
    expect(new Set(await before.data())).toEqual(new Set([2 ** -38]))
    const velocity = tf.zeros([1, 2, 2, 4])
    const lists = { values: [dy], velocities: [velocity], gradients: [ones] } as unknown as tf.NamedTensorMap
    tf.engine().runKernel('AudiotagSgdAll', lists, { learningRate: -(2 ** 20), momentum: 0, nesterov: false } as never)
    const after = gradient()
    expect(new Set(await after.data())).toEqual(new Set([2 ** 22]))
    tf.dispose([dy, x, ones, before, velocity, after])
  }, 120_000)

  test('NaN and infinity in a gradient stay what they are; zeros give zeros', async () => {
    await useWebGpu({ precision: 'float16' })
    for (const [number, wanted] of [
      [NaN, NaN],
      [Infinity, Infinity],
      [0, 0],
    ]) {
      const gradient = tf.tidy(() =>
        tf.grad((x) => tf.conv2d(x as tf.Tensor4D, tf.ones([1, 1, 4, 4]), 1, 'valid'))(
          tf.ones([1, 2, 2, 4]),
          tf.mul(tf.ones([1, 2, 2, 4]), number),
        ),
      )
      expect(new Set(await gradient.data())).toEqual(new Set([wanted]))
      gradient.dispose()
    }
  }, 120_000)

  const slow = process.env['SLOW'] === '1'
  if (!slow) process.stdout.write('trainings in half floats: run in pnpm test:slow\n')
  test.skipIf(!slow).each(['resnet34-w8-adam-1e-3', 'resnet34-w8-sgd', 'envnet-w8-sgd-1e-1'])(
    '%s: the loss ends where that of PyTorch in float64 does',
    async (name) => {
      await useWebGpu({ precision: 'float16' })
      const run = goldenRun(name)
      const { curves, dispose } = await rerun(run)
      dispose()
      const end = (losses: readonly number[]): number => losses.slice(-run.steps / 4).reduce((sum, loss) => sum + loss)
      // The curves cross: single losses are up to 5 % off, means of the last quarter at most 0.9 %.
      expect(Math.abs(end(curves['total']) / end(run.curves['total'].float64) - 1)).toBeLessThan(0.02)
    },
    600_000,
  )

  test('a precision of another backend is refused', async () => {
    await expect(useWebGpu({ precision: 'bfloat16' })).rejects.toMatchObject({
      code: 'option',
      message: expect.stringContaining("'float32' or 'float16', got bfloat16") as string,
    })
  })
})
