import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'

import { relativeError, startBoth, values } from './compare.js'

beforeAll(startBoth)

const run = (name: string, inputs: tf.NamedTensorMap, attributes: object): unknown =>
  tf.engine().runKernel(name, inputs, attributes as never)

// 4 · n + 3 elements: vectors and the rest.
const SIZE = 1027

test('Adam in place equals the formula in float64', async () => {
  await tf.setBackend('wasm')
  const before = tf.memory().numTensors
  const [learningRate, beta1, beta2, epsilon] = [1e-2, 0.9, 0.999, 1e-8]
  const [value, m, v] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE]), tf.zeros([SIZE])]
  const exact = Array.from(values(1, [SIZE]))
  const [exactM, exactV] = [new Float64Array(SIZE), new Float64Array(SIZE)]
  for (let step = 1; step <= 5; step++) {
    const g = values(step + 10, [SIZE])
    const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step]
    const gradient = tf.tensor1d(g)
    run('AudiotagAdam', { value, m, v, gradient }, { learningRate, beta1, beta2, epsilon, correction1, correction2 })
    gradient.dispose()
    for (let i = 0; i < SIZE; i++) {
      exactM[i] = beta1 * exactM[i] + (1 - beta1) * g[i]
      exactV[i] = beta2 * exactV[i] + (1 - beta2) * g[i] ** 2
      exact[i] -= (learningRate * (exactM[i] / correction1)) / (Math.sqrt(exactV[i] / correction2) + epsilon)
    }
  }
  expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
  expect(relativeError(await m.data<'float32'>(), exactM)).toBeLessThan(1e-6)
  expect(relativeError(await v.data<'float32'>(), exactV)).toBeLessThan(1e-6)
  tf.dispose([value, m, v])
  expect(tf.memory().numTensors).toBe(before)
})

test.each([true, false])('SGD in place equals the formula in float64; nesterov %s', async (nesterov) => {
  await tf.setBackend('wasm')
  const [learningRate, momentum] = [0.1, 0.9]
  const [value, velocity] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE])]
  const exact = Array.from(values(1, [SIZE]))
  const exactVelocity = new Float64Array(SIZE)
  for (let step = 0; step < 5; step++) {
    const g = values(step + 10, [SIZE])
    const gradient = tf.tensor1d(g)
    run('AudiotagSgd', { value, velocity, gradient }, { learningRate, momentum, nesterov })
    gradient.dispose()
    for (let i = 0; i < SIZE; i++) {
      exactVelocity[i] = momentum * exactVelocity[i] + g[i]
      exact[i] -= learningRate * (nesterov ? g[i] + momentum * exactVelocity[i] : exactVelocity[i])
    }
  }
  expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
  expect(relativeError(await velocity.data<'float32'>(), exactVelocity)).toBeLessThan(1e-6)
  tf.dispose([value, velocity])
})

/** A scalar, vectors with and without a rest, one of more than a block of the norm. */
const SHAPES: readonly (readonly number[])[] = [[], [3], [8], [5, 7], [3, 3, 64, 65]]
const tensors = (seed: number): tf.Tensor[] => SHAPES.map((shape, i) => tf.tensor(values(seed + i, shape), [...shape]))

test.each(['Adam', 'Sgd'])('%s: all variables in one call have the same bits as one by one', async (rule) => {
  await tf.setBackend('wasm')
  const attributes = {
    learningRate: 1e-2,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    correction1: 0.1,
    correction2: 1e-3,
    momentum: 0.9,
    nesterov: true,
  }
  const before = tf.memory()
  const [one, all] = [1, 2].map(() => [
    tensors(10),
    tensors(20),
    tensors(30).map((x) => tf.tidy(() => [tf.abs(x), x.dispose()][0] as tf.Tensor)),
  ])
  for (let step = 0; step < 3; step++) {
    const gradients = tensors(40 + 10 * step)
    SHAPES.forEach((_, i) => {
      const [value, m, v] = one.map((list) => list[i])
      const slots = rule === 'Adam' ? { m, v } : { velocity: m }
      run(`Audiotag${rule}`, { value, ...slots, gradient: gradients[i] }, attributes)
    })
    const [listed, m, v] = all
    const slots = rule === 'Adam' ? { m, v } : { velocities: m }
    run(`Audiotag${rule}All`, { values: listed, ...slots, gradients } as unknown as tf.NamedTensorMap, attributes)
    tf.dispose(gradients)
  }
  for (const list of [0, 1, 2]) {
    for (const i of SHAPES.keys()) {
      expect(Array.from(await all[list][i].data())).toEqual(Array.from(await one[list][i].data()))
    }
  }
  expect(Array.from(await all[0][4].data())).not.toEqual(Array.from(values(14, SHAPES[4])))
  tf.dispose([one, all])
  expect(tf.memory().numTensors).toBe(before.numTensors)
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers)
})

test('stock kernels see weights that were changed in place', async () => {
  await tf.setBackend('wasm')
  // Dilated, so a stock kernel: it keeps the filter repacked.
  const [x, value, zeros] = [tf.ones<tf.Rank.R4>([1, 5, 5, 1]), tf.ones<tf.Rank.R4>([2, 2, 1, 1]), tf.zeros([2, 2, 1, 1])]
  const sum = (): Promise<number> =>
    tf
      .tidy(() => tf.sum(tf.conv2d(x, value, 1, 'valid', 'NHWC', 2)))
      .data()
      .then(([n]) => n)
  expect(await sum()).toBe(36)
  const gradient = tf.ones([2, 2, 1, 1])
  run('AudiotagSgdAll', { values: [value], velocities: [zeros], gradients: [gradient] } as unknown as tf.NamedTensorMap, {
    learningRate: 0.5,
    momentum: 0.9,
    nesterov: false,
  })
  expect(await sum()).toBe(18)
  tf.dispose([x, value, zeros, gradient])
})

async function norm(gradients: tf.Tensor[]): Promise<number> {
  const [output] = run('AudiotagGradientNorm', { gradients } as unknown as tf.NamedTensorMap, {}) as tf.Tensor[]
  expect(output.shape).toEqual([1])
  const [square] = await output.data()
  tf.dispose([output, gradients])
  return square
}

test('the squared norm of all gradients is that of float64; what is not finite shows', async () => {
  await tf.setBackend('wasm')
  const exact = SHAPES.flatMap((shape, i) => [...values(50 + i, shape)]).reduce((sum, g) => sum + g * g, 0)
  expect(await norm(tensors(50))).toBe(Math.fround(exact))
  expect(await norm([])).toBe(0)
  expect(await norm([tf.tensor1d([3]), tf.tensor1d([1, 4, 5, 6, NaN])])).toBeNaN()
  expect(await norm([tf.tensor1d([3]), tf.tensor1d([1, -Infinity])])).toBe(Infinity)
})

test('lists that do not fit each other are refused before anything changes', async () => {
  await tf.setBackend('wasm')
  const [value, m, gradient, short] = [tf.ones([3]), tf.zeros([3]), tf.ones([3]), tf.ones([2])]
  const attributes = { learningRate: 1, momentum: 0.9, nesterov: true }
  for (const lists of [
    { values: [value], velocities: [m], gradients: [short] },
    { values: [value], velocities: [m, m], gradients: [gradient] },
    { values: [value, value], velocities: [m, m], gradients: [gradient] },
  ]) {
    expect(() => run('AudiotagSgdAll', lists as unknown as tf.NamedTensorMap, attributes)).toThrow(
      expect.objectContaining({ code: 'shape', message: expect.stringContaining('AudiotagSgdAll: tensor') }),
    )
  }
  expect(Array.from(await value.data())).toEqual([1, 1, 1])
  tf.dispose([value, m, gradient, short])
})
