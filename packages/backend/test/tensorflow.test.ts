import { expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { initializers, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers'
import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { BackendError, selectBackend, useTensorFlow } from '@audiotag/backend'

import { relativeError, values, worstError } from './compare.js'
import { describeTensorFlow, onGpu } from './describe-tensorflow.js'
import { runFixture } from './run-fixture.js'

await import('@tensorflow/tfjs-backend-cpu')

/** What @tensorflow/tfjs-node's backend has and the types leave out. */
interface NodeBackend {
  readonly binding: { getNumOfTensors(): number }
  executeMultipleOutputs(name: string, attributes: object[], inputs: tf.Tensor[], outputs: number): tf.Tensor[]
}
const node = (): NodeBackend => tf.backend() as unknown as NodeBackend

const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor[] =>
  tf.engine().runKernel(name, inputs, attributes as never)

/** What `run` returns on a backend, as arrays; on TensorFlow also that nothing is left in it. */
async function on(backend: 'cpu' | 'tensorflow', run: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend)
  const handles = backend === 'cpu' ? 0 : node().binding.getNumOfTensors()
  const arrays = await expectNoLeaks(async () => {
    const tensors = tf.tidy(run)
    const read = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()))
    tf.dispose(tensors)
    return read
  })
  if (backend !== 'cpu') expect(node().binding.getNumOfTensors()).toBe(handles)
  return arrays
}

/** The largest error of TensorFlow against cpu. */
async function errorOf(run: () => tf.Tensor[]): Promise<number> {
  const expected = await on('cpu', run)
  return worstError(await on('tensorflow', run), expected)
}

/** A function's value and its gradients by all arguments. */
const withGradients = (f: (...args: tf.Tensor[]) => tf.Tensor, args: tf.Tensor[], seed: number): tf.Tensor[] => {
  const y = f(...args)
  return [y, ...tf.grads(f)(args, tf.tensor(values(seed, y.shape), y.shape))]
}

const window = fc
  .record({
    height: fc.integer({ min: 3, max: 9 }),
    width: fc.integer({ min: 3, max: 9 }),
    channels: fc.integer({ min: 1, max: 5 }),
    outputs: fc.integer({ min: 1, max: 5 }),
    filter: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 3 }),
    pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    seed: fc.integer(),
  })
  .map((one) => ({
    ...one,
    pad: [
      [0, 0],
      [one.pads[0], one.pads[1]],
      [one.pads[2], one.pads[3]],
      [0, 0],
    ] as tf.backend_util.ExplicitPadding,
  }))

/** Batch norm by operations of TensorFlow.js alone. */
function composed(relu: boolean, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, add: tf.Tensor | undefined): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2])
  const y = tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta)
  const sum = add ? tf.add(y, add) : y
  return relu ? tf.relu(sum) : sum
}

const norm = async (arrays: Float32Array[]): Promise<number> => {
  const gradients = arrays.map((array) => tf.tensor1d(array))
  const [output] = kernel('AudiotagGradientNorm', { gradients } as unknown as tf.NamedTensorMap, {})
  const [square] = await output.data()
  tf.dispose([output, gradients])
  return square
}

const cube = (x: tf.Tensor): tf.Tensor => tf.pow(tf.relu(x), 3)
const reluCases = (): tf.Tensor[] => {
  const x = tf.tensor1d([-1, -0, 0, 1e-30, 2])
  return [...withGradients((x) => tf.relu(x), [x], 1), tf.grad((x) => tf.grad(cube)(x))(x)]
}

/** The data of all of them, one after the other. */
const numbers = (tensors: readonly tf.Tensor[]): number[] => tensors.flatMap((tensor) => [...tensor.dataSync()])

await describeTensorFlow('TensorFlow', () => {
  const wanted = onGpu ? 'node-gpu' : 'node'

  test('selectBackend takes it by name, and it is found by no other', async () => {
    const { name, reason, rejected } = await selectBackend(wanted)
    expect({ name, rejected }).toEqual({ name: wanted, rejected: [] })
    expect(reason).toMatch(/TensorFlow 2\.\d+\.\d+/)
    expect(tf.getBackend()).toBe('tensorflow')
    await expect(useTensorFlow({ device: onGpu ? 'cpu' : 'gpu' })).rejects.toMatchObject({
      code: onGpu ? 'option' : 'missing',
      message: expect.stringContaining(onGpu ? 'already running on a GPU' : 'sees no GPU') as string,
    })
    await expect(useTensorFlow({ device: 'tpu' as 'gpu' })).rejects.toMatchObject({ code: 'option' })
  })

  test('convolutions with padding of any kind, and their gradients', async () => {
    await fc.assert(
      fc.asyncProperty(window, async ({ height, width, channels, outputs, filter, stride, pad, seed }) => {
        const run = (): tf.Tensor[] => {
          const x = tf.tensor4d(values(seed, [2, height, width, channels]), [2, height, width, channels])
          const w = tf.tensor4d(values(seed + 1, [...filter, channels, outputs]), [...filter, channels, outputs])
          return withGradients((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad), [x, w], seed + 2)
        }
        expect(await errorOf(run)).toBeLessThan(1e-5)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('convolutions of waveforms, with their gradients', async () => {
    const wave = window.chain((one) =>
      fc.record({
        one: fc.constant(one),
        samples: fc.integer({ min: 9, max: 40 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        kind: fc.constantFrom('valid' as const, 'same' as const, 'explicit' as const),
      }),
    )
    await fc.assert(
      fc.asyncProperty(wave, async ({ one: { channels, outputs, filter, stride, pads, seed }, samples, dilation, kind }) => {
        const shape: [number, number, number, number] = [3, 1, samples, channels]
        const pad =
          kind === 'explicit'
            ? ([
                [0, 0],
                [0, 0],
                [pads[0], pads[1]],
                [0, 0],
              ] as tf.backend_util.ExplicitPadding)
            : kind
        const strides: [number, number] = [1, dilation === 1 ? stride : 1]
        const run = (): tf.Tensor[] => {
          const x = tf.tensor4d(values(seed, shape), shape)
          const w = tf.tensor4d(values(seed + 1, [1, filter[1], channels, outputs]), [1, filter[1], channels, outputs])
          const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', [1, dilation])
          return dilation === 1 ? withGradients(convolve, [x, w], seed + 2) : [convolve(x, w)]
        }
        expect(await errorOf(run)).toBeLessThan(1e-5)
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('filter gradients of 1 × 1 kernels with strides leave the memory beside them alone', async () => {
    const { code, stdout } = await runFixture('strided-points.mjs')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0\n' })
  }, 60_000)

  test('depthwise convolutions with padding of any kind, and their gradients', async () => {
    await fc.assert(
      fc.asyncProperty(window, async ({ height, width, channels, filter, stride, pad, seed }) => {
        const run = (): tf.Tensor[] => {
          const x = tf.tensor4d(values(seed, [2, height, width, channels]), [2, height, width, channels])
          const w = tf.tensor4d(values(seed + 1, [...filter, channels, 2]), [...filter, channels, 2])
          return withGradients((x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad), [x, w], seed + 2)
        }
        expect(await errorOf(run)).toBeLessThan(1e-5)
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  test('the largest of each window with padding of any kind, and its gradient', async () => {
    await fc.assert(
      fc.asyncProperty(window, async ({ height, width, channels, filter, stride, pads, seed }) => {
        // A window of padding alone has no largest element.
        const [top, bottom, left, right] = pads.map((pad, side) => Math.min(pad, filter[side >> 1] - 1))
        const pad: tf.backend_util.ExplicitPadding = [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]
        const run = (): tf.Tensor[] => {
          const x = tf.tensor4d(values(seed, [2, height, width, channels]), [2, height, width, channels])
          return withGradients((x) => tf.maxPool(x as tf.Tensor4D, filter, stride, pad), [x], seed + 2)
        }
        expect(await errorOf(run)).toBeLessThan(1e-6)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('ReLU: gradient at zero, beside it, of NaN; and the second derivative', async () => {
    expect(await errorOf(reluCases)).toBe(0)
  })

  test('batch norm, residual and ReLU: forward and gradient are those of the composition on cpu', async () => {
    const shape: [number, number, number, number] = [3, 5, 7, 6]
    for (const [relu, residual] of [
      [false, false],
      [true, false],
      [true, true],
    ]) {
      const inputs = (): tf.Tensor[] => [
        tf.tensor4d(
          values(1, shape).map((value) => value * 3 + 1),
          shape,
        ),
        ...[2, 3].map((seed) => tf.tensor1d(values(seed, [6]))),
        ...(residual ? [tf.tensor4d(values(4, shape), shape)] : []),
      ]
      const dys = values(5, shape)
      const expected = await on('cpu', () => {
        const given = inputs()
        const { mean, variance } = tf.moments(given[0], [0, 1, 2])
        const y = composed(relu, given[0], given[1], given[2], given[3])
        const gradients = tf.grads((x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, add?: tf.Tensor) =>
          composed(relu, x, gamma, beta, add),
        )
        return [y, mean, variance, ...gradients(given, tf.tensor4d(dys, shape))]
      })
      const actual = await on('tensorflow', () => {
        const [x, gamma, beta, add] = inputs()
        const [y, mean, variance] = kernel('AudiotagBatchNorm', { x, gamma, beta, ...(add && { residual: add }) }, { epsilon: 1e-5, relu })
        const dy = tf.tensor4d(dys, shape)
        const given = { dy, x, y, gamma, mean, variance }
        return [y, mean, variance, ...kernel('AudiotagBatchNormGrad', given, { epsilon: 1e-5, relu, residual })]
      })
      expect(worstError(actual, expected)).toBeLessThan(1e-5)
    }
  })

  test('affine, dropout and its gradient', async () => {
    const shape: [number, number, number, number] = [2, 3, 4, 5]
    const actual = await on('tensorflow', () => {
      const [x, add, mask] = [1, 2, 3].map((seed) => tf.tensor4d(values(seed, shape), shape))
      const [scale, shift] = [4, 5].map((seed) => tf.tensor1d(values(seed, [5])))
      const kept = tf.mul(tf.cast(tf.greater(mask, 0), 'float32'), 2)
      const [y] = kernel('AudiotagAffine', { x, scale, shift, residual: add }, { relu: true })
      const dropped = tf.engine().runKernel<tf.Tensor>('AudiotagDropout', { x, mask: kept })
      return [y, dropped, tf.engine().runKernel('AudiotagDropoutGrad', { dy: add, mask: kept, y: dropped })]
    })
    const expected = await on('cpu', () => {
      const [x, add, mask] = [1, 2, 3].map((seed) => tf.tensor4d(values(seed, shape), shape))
      const [scale, shift] = [4, 5].map((seed) => tf.tensor1d(values(seed, [5])))
      const kept = tf.mul(tf.cast(tf.greater(mask, 0), 'float32'), 2)
      const dropped = tf.mul(tf.relu(x), kept)
      return [
        tf.relu(tf.add(tf.add(tf.mul(x, scale), shift), add)),
        dropped,
        tf.mul(tf.mul(add, kept), tf.cast(tf.greater(dropped, 0), 'float32')),
      ]
    })
    expect(worstError(actual, expected)).toBeLessThan(1e-6)
  })

  test('a convolution with bias and activation, fused, is the unfused one', async () => {
    for (const activation of ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const) {
      const run = (): tf.Tensor[] => {
        const x = tf.tensor4d(values(1, [2, 6, 7, 3]), [2, 6, 7, 3])
        const filter = tf.tensor4d(values(2, [3, 3, 3, 4]), [3, 3, 3, 4])
        const bias = tf.tensor1d(values(3, [4]))
        const options = { x, filter, strides: 2, activation, bias, leakyreluAlpha: 0.1 } as const
        return [tf.fused.conv2d({ ...options, pad: 'same' }), tf.fused.conv2d({ ...options, pad: 1, dimRoundingMode: 'floor' })]
      }
      expect(await errorOf(run)).toBeLessThan(1e-5)
    }
  })

  test('convolution, batch norm by running statistics, residual and ReLU in one kernel; NaN stays', async () => {
    expect(tf.getKernel('AudiotagConvolutionAffine', 'tensorflow')).toBeDefined()
    const shape: [number, number, number, number] = [2, 7, 6, 3]
    const tensors = (): [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D, tf.Tensor1D] => [
      tf.tensor4d(values(1, shape), shape),
      tf.tensor4d(values(2, [3, 3, 3, 5]), [3, 3, 3, 5]),
      tf.tensor1d(values(3, [5])),
      tf.tensor1d(values(4, [5])),
    ]
    for (const strides of [1, 2]) {
      const pad: tf.backend_util.ExplicitPadding = [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]
      const outShape: [number, number, number, number] = strides === 1 ? [2, 7, 6, 5] : [2, 4, 3, 5]
      for (const [withResidual, relu] of [
        [false, false],
        [false, true],
        [true, true],
      ]) {
        const expected = await on('cpu', () => {
          const [x, filter, scale, shift] = tensors()
          const sum = tf.add(tf.mul(tf.conv2d(x, filter, strides, pad), scale), shift)
          const y = withResidual ? tf.add(sum, tf.tensor4d(values(5, outShape), outShape)) : sum
          return [relu ? tf.relu(y) : y]
        })
        const actual = await on('tensorflow', () => {
          const [x, filter, scale, shift] = tensors()
          const residual = withResidual ? { residual: tf.tensor4d(values(5, outShape), outShape) } : {}
          return [
            kernel('AudiotagConvolutionAffine', { x, filter, scale, shift, ...residual }, { strides: [strides, strides], pad, relu }),
          ].flat()
        })
        expect(worstError(actual, expected)).toBeLessThan(1e-5)
      }
    }
    const broken = tf.tidy(() => {
      const [x, filter, scale, shift] = tensors()
      const attributes = { strides: [1, 1], pad: 'same', relu: true }
      return [kernel('AudiotagConvolutionAffine', { x: tf.mul(x, NaN), filter, scale, shift }, attributes)].flat()[0]
    })
    expect((await broken.data()).every(Number.isNaN)).toBe(true)
    const fused = tf.fused.conv2d({
      x: tf.mul<tf.Tensor4D>(tf.ones([1, 3, 3, 1]), NaN),
      filter: tf.ones([3, 3, 1, 2]),
      strides: 1,
      pad: 'same',
      bias: tf.zeros([2]),
      activation: 'relu',
    })
    expect((await fused.data()).every(Number.isNaN)).toBe(true)
    tf.dispose([broken, fused])
  })

  test('bfloat16, where asked for: inputs of convolutions have 8 bits, sums and all else more; float32 after it again', async () => {
    const shape: [number, number, number, number] = [2, 9, 8, 4]
    const run = (): tf.Tensor[] => {
      const x = tf.tensor4d(values(1, shape), shape)
      const filter = tf.tensor4d(values(2, [3, 3, 4, 6]), [3, 3, 4, 6])
      const found = withGradients((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 1], 'same'), [x, filter], 3)
      return [...found, tf.conv2d(tf.ones<tf.Rank.R4>([1, 40, 40, 2]), tf.ones<tf.Rank.R4>([40, 40, 2, 1]), 1, 'valid')]
    }
    const expected = await on('cpu', run)
    expect(await useTensorFlow({ precision: 'bfloat16' })).toMatchObject({ precision: 'bfloat16' })
    try {
      const actual = await on('tensorflow', run)
      // 8 bits of each factor and of the result; in 36 products the errors meet.
      expect(worstError(actual, expected)).toBeLessThan(0.05)
      expect(worstError(actual, expected)).toBeGreaterThan(1e-4)
      expect(actual.at(-1)![0]).toBe(3200) // 8 bits of sum would stop at 256
      const mono = tf.conv2d(tf.tensor4d([1 + 2 ** -12], [1, 1, 1, 1]), tf.ones<tf.Rank.R4>([1, 1, 1, 1]), 1, 'valid')
      expect((await mono.data())[0]).toBe(1 + 2 ** -12)
      mono.dispose()
      const dense = tf.matMul(tf.tensor2d([1 + 2 ** -12], [1, 1]), tf.ones([1, 1]))
      expect((await dense.data())[0]).toBe(1 + 2 ** -12)
      dense.dispose()
      expect(await useTensorFlow()).toMatchObject({ precision: 'bfloat16' })
      expect(await selectBackend(wanted, { precision: 'bfloat16' })).toMatchObject({ precision: 'bfloat16' })
    } finally {
      expect(await selectBackend(wanted)).toMatchObject({ precision: 'float32' })
    }
    expect(worstError(await on('tensorflow', run), expected)).toBeLessThan(1e-5)
    await expect(useTensorFlow({ precision: 'float16' as 'float32' })).rejects.toMatchObject({ code: 'option' })
  })

  const attributes = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum: 0.9, nesterov: true }
  const inPlace = (name: string, inputs: object, more: object = {}): void =>
    void tf.engine().runKernel(name, inputs as tf.NamedTensorMap, { ...attributes, ...more } as never)
  const SIZE = 1027

  test('Adam in place equals the formula in float64', async () => {
    const [value, m, v] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE]), tf.zeros([SIZE])]
    const exact = Array.from(values(1, [SIZE]))
    const [exactM, exactV] = [new Float64Array(SIZE), new Float64Array(SIZE)]
    for (let step = 1; step <= 5; step++) {
      const g = values(step + 10, [SIZE])
      const [correction1, correction2] = [1 - 0.9 ** step, 1 - 0.999 ** step]
      const gradient = tf.tensor1d(g)
      inPlace('AudiotagAdam', { value, m, v, gradient }, { correction1, correction2 })
      gradient.dispose()
      for (let i = 0; i < SIZE; i++) {
        exactM[i] = 0.9 * exactM[i] + 0.1 * g[i]
        exactV[i] = 0.999 * exactV[i] + 0.001 * g[i] ** 2
        exact[i] -= (1e-2 * (exactM[i] / correction1)) / (Math.sqrt(exactV[i] / correction2) + 1e-8)
      }
    }
    expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
    expect(relativeError(await m.data<'float32'>(), exactM)).toBeLessThan(1e-6)
    // TensorFlow takes 1 - β₂ of a β₂ in float32: a relative 5e-5, for which the correction makes up.
    expect(relativeError(await v.data<'float32'>(), exactV)).toBeLessThan(6e-5)
    tf.dispose([value, m, v])
  })

  test.each([true, false])('SGD in place equals the formula in float64; nesterov %s', async (nesterov) => {
    const [value, velocity] = [tf.tensor1d(values(1, [SIZE])), tf.zeros([SIZE])]
    const exact = Array.from(values(1, [SIZE]))
    const exactVelocity = new Float64Array(SIZE)
    for (let step = 0; step < 5; step++) {
      const g = values(step + 10, [SIZE])
      const gradient = tf.tensor1d(g)
      inPlace('AudiotagSgd', { value, velocity, gradient }, { nesterov, learningRate: 0.1 / (step + 1) })
      gradient.dispose()
      for (let i = 0; i < SIZE; i++) {
        exactVelocity[i] = 0.9 * exactVelocity[i] + g[i]
        exact[i] -= (0.1 / (step + 1)) * (nesterov ? g[i] + 0.9 * exactVelocity[i] : exactVelocity[i])
      }
    }
    expect(relativeError(await value.data<'float32'>(), exact)).toBeLessThan(1e-6)
    tf.dispose([value, velocity])
  })

  test("an update changes neither the caller's array, nor a clone's numbers before, nor what a reshaped tensor holds", async () => {
    const array = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    const variable = tf.tidy(() => tf.variable(tf.tensor1d(array)))
    const velocity = tf.zeros([8])
    const gradient = tf.ones([8])
    const held: tf.Tensor[] = []
    for (let i = 0; i < 3; i++) {
      held.push(
        tf.reshape(tf.mul(tf.reshape(variable, [2, 4]), 1), [8]),
        tf.engine().runKernel('Reshape', { x: variable }, { shape: [2, 4] }),
      )
      const before = [...variable.dataSync()]
      inPlace('AudiotagSgdAll', { values: [variable], velocities: [velocity], gradients: [gradient] })
      expect([...held.at(-2)!.dataSync()]).toEqual(before)
      expect(variable.dataSync()[0]).toBeLessThan(before[0])
    }
    expect([...array]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    tf.dispose([variable, velocity, gradient, ...held])
  })

  test('assign from outside is seen by the next update; nothing is left when all is disposed', async () => {
    const handles = node().binding.getNumOfTensors()
    await expectNoLeaks(async () => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])))
      const velocity = tf.zeros([2])
      const gradient = tf.ones([2])
      const update = (): void =>
        inPlace(
          'AudiotagSgdAll',
          { values: [variable], velocities: [velocity], gradients: [gradient] },
          { momentum: 0, nesterov: false, learningRate: 1 },
        )
      update()
      expect([...(await variable.data())]).toEqual([0, 1])
      tf.tidy(() => variable.assign(tf.tensor1d([10, 20])))
      update()
      expect([...(await variable.data())]).toEqual([9, 19])
      tf.tidy(() => variable.assign(tf.add(variable, 1)))
      expect([...(await variable.data())]).toEqual([10, 20])
      update()
      const count = node().binding.getNumOfTensors()
      for (let i = 0; i < 5; i++) update()
      expect(node().binding.getNumOfTensors()).toBe(count)
      expect([...(await variable.data())]).toEqual([4, 14])
      tf.dispose([variable, velocity, gradient])
    })
    expect(node().binding.getNumOfTensors()).toBe(handles)
  })

  /** A scalar, none at all, vectors with and without a rest, a filter. */
  const SHAPES: readonly (readonly number[])[] = [[], [0], [3], [16], [5, 7], [3, 3, 4, 5]]
  const variables = (seed: number): tf.Variable[] =>
    SHAPES.map((shape, i) => tf.tidy(() => tf.variable(tf.abs(tf.tensor(values(seed + i, shape), [...shape])))))
  test.each(['Adam', 'Sgd'])('%s: all variables in one call become what they become one by one', async (rule) => {
    const handles = node().binding.getNumOfTensors()
    await expectNoLeaks(async () => {
      const corrections = { correction1: 0.1, correction2: 1e-3 }
      const [one, all] = [1, 2].map(() => [variables(1), variables(11), variables(21)])
      const update = (seed: number): void => {
        const gradients = SHAPES.map((shape, i) => tf.tensor(values(seed + i, shape), [...shape]))
        for (const [i, gradient] of gradients.entries()) {
          const [value, m, v] = one.map((list) => list[i])
          inPlace(`Audiotag${rule}`, { value, ...(rule === 'Adam' ? { m, v } : { velocity: m }), gradient }, corrections)
        }
        const [listed, m, v] = all
        inPlace(`Audiotag${rule}All`, { values: listed, ...(rule === 'Adam' ? { m, v } : { velocities: m }), gradients }, corrections)
        tf.dispose(gradients)
      }
      const expectSame = (): void =>
        all.forEach((list, i) => expect(relativeError(Float32Array.from(numbers(list)), numbers(one[i]))).toBeLessThan(1e-6))
      update(31)
      update(41)
      const started = tf.tidy(() => all[0].map((x) => tf.keep(tf.add(x, 1)))) // waits: the numbers before the update
      const before = numbers(all[0])
      update(51)
      expect(numbers(all[0])).not.toEqual(before)
      expect(relativeError(Float32Array.from(numbers(started)), before.map((x) => x + 1))).toBeLessThan(1e-6) // prettier-ignore
      expectSame()
      // From outside: of a value, of what is kept of one, and by a variable's own numbers.
      for (const list of [one, all]) {
        tf.tidy(() => list[0][3].assign(tf.range(0, 16)))
        tf.tidy(() => list[1][4].assign(tf.ones([5, 7])))
        tf.tidy(() => list[0][5].assign(tf.mul(list[0][5], 2) as tf.Tensor4D))
      }
      update(61)
      const count = node().binding.getNumOfTensors()
      for (let i = 0; i < 3; i++) update(71)
      expect(node().binding.getNumOfTensors()).toBe(count)
      expectSame()
      tf.dispose([one, all, started])
    })
    expect(node().binding.getNumOfTensors()).toBe(handles)
  })

  test('variables that come and go, in lists of others', async () => {
    const handles = node().binding.getNumOfTensors()
    await expectNoLeaks(async () => {
      const [listed, velocities, gradients] = [0, 1, 2].map(() => [1, 2, 3, 4].map((n) => tf.tidy(() => tf.variable(tf.ones([n])))))
      const update = (...places: number[]): void => {
        const [values, v, g] = [listed, velocities, gradients].map((list) => places.map((i) => list[i]))
        inPlace('AudiotagSgdAll', { values, velocities: v, gradients: g }, { momentum: 0, nesterov: false, learningRate: 1 })
      }
      update(0, 1, 2, 3)
      update(1, 2)
      update(2, 1)
      update(0, 3, 1)
      expect(numbers(listed)).toEqual([-1, -3, -3, -2, -2, -2, -1, -1, -1, -1])
      tf.dispose([listed[1], velocities[1]])
      update(0, 2)
      expect(numbers([listed[0], listed[2], listed[3]])).toEqual([-2, -3, -3, -3, -1, -1, -1, -1])
      tf.dispose([listed, velocities, gradients])
    })
    expect(node().binding.getNumOfTensors()).toBe(handles)
  })

  test('an update that TensorFlow refuses leaves the numbers as they were', async () => {
    const [value, velocity, gradient] = [tf.ones([3]), tf.zeros([3]), tf.ones([2])]
    expect(() => inPlace('AudiotagSgdAll', { values: [value], velocities: [velocity], gradients: [gradient] })).toThrow(
      /tensor 0 of every list must have the shape \[3\]/,
    )
    expect([...(await value.data())]).toEqual([1, 1, 1])
    tf.dispose([value, velocity, gradient])
  })

  test('the squared norm of all gradients; what is not finite shows', async () => {
    const arrays = [values(1, [3]), values(2, [37_000])]
    const exact = arrays.flatMap((array) => [...array]).reduce((sum, g) => sum + g * g, 0)
    expect(Math.abs((await norm(arrays)) / exact - 1)).toBeLessThan(1e-6)
    expect(await norm([])).toBe(0)
    expect(await norm([Float32Array.of(3), Float32Array.of(1, NaN)])).toBeNaN()
    expect(await norm([Float32Array.of(3), Float32Array.of(1, -Infinity)])).toBe(Infinity)
  })

  test('an error of TensorFlow names the operation', () => {
    const [a, b] = [tf.ones([2, 3]), tf.ones([2, 3])]
    let error: unknown
    try {
      node().executeMultipleOutputs('MatMul', [], [a, b], 1)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(BackendError)
    expect(error).toMatchObject({ code: 'operation', message: expect.stringMatching(/^TensorFlow's MatMul: .*2.*3/) as string })
    tf.dispose([a, b])
  })

  // The operation that is known to do so does it on processors alone.
  test.skipIf(onGpu)('an operation that TensorFlow answers with empty tensors is an error; one that has nothing to give is not', () => {
    const [x, gamma, beta, none] = [tf.ones([2, 3, 3, 4]), tf.ones([4]), tf.zeros([4]), tf.tensor1d([])]
    const attributes = [
      { name: 'T', type: 4, value: 1 },
      { name: 'U', type: 4, value: 1 },
      { name: 'epsilon', type: 2, value: 1e-3 },
      { name: 'num_side_inputs', type: 1, value: 0 },
      { name: 'activation_mode', type: 0, value: 'Relu' },
      { name: 'data_format', type: 0, value: 'NHWC' },
      { name: 'is_training', type: 3, value: true },
    ]
    const handles = node().binding.getNumOfTensors()
    // It has no implementation for processors: neither an error nor numbers.
    expect(() => node().executeMultipleOutputs('_FusedBatchNormEx', attributes, [x, gamma, beta, none, none], 6)).toThrow(
      /^TensorFlow's _FusedBatchNormEx: gave no numbers \(shapes \[0\]/,
    )
    // The inputs that TensorFlow had not been given before.
    expect(node().binding.getNumOfTensors()).toBeLessThanOrEqual(handles + 4)
    const empty = [tf.slice(x, [0, 0, 0, 0], [0, 3, 3, 4]), tf.concat([none, none]), tf.topk(gamma, 0).values]
    for (const { size } of empty) expect(size).toBe(0)
    tf.dispose([x, gamma, beta, none, ...empty])
  })

  test('any model of tf.layers trains, is saved to files and loaded again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audiotag-tensorflow-'))
    try {
      const model = sequential()
      model.add(
        layers.conv2d({
          inputShape: [16, 16, 1],
          filters: 8,
          kernelSize: 3,
          activation: 'relu',
          kernelInitializer: initializers.heNormal({ seed: 1 }),
        }),
      )
      model.add(layers.batchNormalization())
      model.add(layers.maxPooling2d({ poolSize: 2 }))
      model.add(layers.flatten())
      model.add(layers.dense({ units: 1, kernelInitializer: initializers.glorotNormal({ seed: 2 }) }))
      model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' })
      const [xs, ys] = [tf.tensor4d(values(1, [8, 16, 16, 1]), [8, 16, 16, 1]), tf.tensor2d(values(2, [8, 1]), [8, 1])]
      const { history } = await model.fit(xs, ys, { epochs: 30, shuffle: false, yieldEvery: 'never' })
      expect(history['loss'].at(-1)).toBeLessThan((history['loss'][0] as number) / 5)
      await model.save(`file://${folder}`)
      const loaded = await loadLayersModel(`file://${folder}/model.json`)
      const [before, after] = [model, loaded].map((one) => (one.predict(xs) as tf.Tensor).dataSync<'float32'>())
      expect(after).toEqual(before)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 60_000)
})
