import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients of tfjs-core
import { createModel, type TaggingModel } from '@audiotag/models'
import { expectClose } from '@audiotag/testkit'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { seeded } from './seeded.js'

interface CpuBackend {
  readSync(dataId: object): Float32Array
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): tf.TensorInfo
}

const calls: Record<string, number> = {}

/** Plain-loop versions of the three kernels a backend may bring, written from their contract alone. */
const kernels: Record<string, (read: (name: string) => Float32Array, channels: number, attrs: tf.NamedAttrMap) => Float32Array[]> = {
  AudiotagBatchNorm(read, channels, { epsilon, relu }) {
    const [x, gamma, beta, residual] = ['x', 'gamma', 'beta', 'residual'].map(read)
    const { mean, variance } = moments(x, channels)
    const y = x.map((value, i) => {
      const c = i % channels
      const sum = ((value - mean[c]) / Math.sqrt(variance[c] + Number(epsilon))) * gamma[c] + beta[c] + (residual?.[i] ?? 0)
      return relu ? Math.max(0, sum) : sum
    })
    return [y, mean, variance]
  },
  AudiotagBatchNormGrad(read, channels, { epsilon, relu, residual }) {
    const [dy, x, y, gamma, mean, variance] = ['dy', 'x', 'y', 'gamma', 'mean', 'variance'].map(read)
    const masked = relu ? dy.map((d, i) => (y[i] > 0 ? d : 0)) : dy
    const inverse = variance.map((v) => 1 / Math.sqrt(v + Number(epsilon)))
    const normalised = x.map((value, i) => (value - mean[i % channels]) * inverse[i % channels])
    const dBeta = perChannel(masked, channels)
    const dGamma = perChannel(
      masked.map((d, i) => d * normalised[i]),
      channels,
    )
    const count = x.length / channels
    const dx = masked.map((d, i) => {
      const c = i % channels
      return gamma[c] * inverse[c] * (d - (dBeta[c] + normalised[i] * dGamma[c]) / count)
    })
    return residual ? [dx, dGamma, dBeta, masked] : [dx, dGamma, dBeta]
  },
  AudiotagAffine(read, channels, { relu }) {
    const [x, scale, shift, residual] = ['x', 'scale', 'shift', 'residual'].map(read)
    return [
      x.map((value, i) => {
        const sum = value * scale[i % channels] + shift[i % channels] + (residual?.[i] ?? 0)
        return relu ? Math.max(0, sum) : sum
      }),
    ]
  },
}

function perChannel(values: Float32Array, channels: number): Float32Array {
  const sums = new Float64Array(channels)
  for (const [i, value] of values.entries()) sums[i % channels] += value
  return Float32Array.from(sums)
}

function moments(x: Float32Array, channels: number): { mean: Float32Array; variance: Float32Array } {
  const count = x.length / channels
  const mean = perChannel(x, channels).map((sum) => sum / count)
  const squares = x.map((value, i) => (value - mean[i % channels]) ** 2)
  return { mean, variance: perChannel(squares, channels).map((sum) => sum / count) }
}

function register(): void {
  for (const [kernelName, compute] of Object.entries(kernels)) {
    calls[kernelName] = 0
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
      calls[kernelName]++
      const cpu = backend as CpuBackend
      const { shape } = inputs['x'] as tf.TensorInfo
      const channels = shape[3]
      const read = (name: string): Float32Array =>
        (inputs[name] === undefined ? undefined : cpu.readSync(inputs[name].dataId)) as Float32Array
      const outputs = compute(read, channels, attrs as tf.NamedAttrMap)
      return outputs.map((values) =>
        cpu.makeTensorInfo(values.length === channels && shape.length === 4 ? [channels] : shape, 'float32', values),
      )
    }
    tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc })
  }
}

beforeAll(async () => {
  await tf.setBackend('cpu')
})

afterEach(() => {
  for (const kernelName of Object.keys(kernels)) if (tf.getKernel(kernelName, 'cpu')) tf.unregisterKernel(kernelName, 'cpu')
})

const config = { architecture: 'resnet18', classes: 3, width: 1 / 16, dropout: [0, 0], activation: 'sigmoid' } as const

/** Everything one training pass and one prediction give, of the same weights each time. */
async function results(): Promise<Float32Array[]> {
  const model = createModel(config, { rng: seeded(1) })
  const rng = seeded(2)
  const x = tf.tensor4d(
    Float32Array.from({ length: 3 * 20 * 24 }, () => 2 * rng() - 1),
    [3, 20, 24, 1],
  )
  const loss = (training: boolean) => (): tf.Scalar => tf.mean<tf.Scalar>(tf.square(model.forward(x, { training })))
  const variables = model.trainable.map((name) => model.variables.get(name) as tf.Variable)
  const training = tf.variableGrads(loss(true), variables)
  const inference = tf.variableGrads(loss(false), variables)
  const found = [training, inference].flatMap(({ value, grads }) => [value, ...variables.map(({ name }) => grads[name])])
  const all = [...found, ...statistics(model), model.predict(x)]
  const values = await Promise.all(all.map(async (tensor) => (await tensor.data()) as Float32Array))
  tf.disposeVariables()
  return values
}

const statistics = (model: TaggingModel): tf.Tensor[] =>
  [...model.variables].filter(([name]) => name.includes('running')).map(([, variable]) => variable)

test('a backend’s own batch norm kernels are used, and give what the composition gives', async () => {
  const composed = await results()
  register()
  const fused = await results()
  expect(calls).toEqual({ AudiotagBatchNorm: 20, AudiotagBatchNormGrad: 20, AudiotagAffine: 40 })
  expect(fused).toHaveLength(composed.length)
  for (const [i, values] of fused.entries()) expectClose(values, composed[i], { absolute: 2e-5, relative: 2e-3 })
})

test('a backend’s own convolution with batch norm is used in predictions, and gives what the composition gives, with its gradients', async () => {
  const composed = await results()
  let times = 0
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    times++
    const cpu = backend as CpuBackend
    const { x, filter, scale, shift, residual } = inputs as Record<string, tf.TensorInfo>
    const { strides, pad, relu } = attrs as unknown as { strides: [number, number]; pad: number[][]; relu: boolean }
    const [values, weights, factors, summands, added] = [x, filter, scale, shift, residual].map(
      (tensor: tf.TensorInfo | undefined) => (tensor && cpu.readSync(tensor.dataId)) as Float32Array,
    )
    const [batch, height, width, channels] = x.shape
    const [filterHeight, filterWidth, , outputs] = filter.shape
    const rows = Math.floor((height + pad[1][0] + pad[1][1] - filterHeight) / strides[0]) + 1
    const columns = Math.floor((width + pad[2][0] + pad[2][1] - filterWidth) / strides[1]) + 1
    const y = Float32Array.from({ length: batch * rows * columns * outputs }, (_, i) => {
      const [o, column, row, image] = [i, i / outputs, i / outputs / columns, i / outputs / columns / rows].map(Math.floor)
      let sum = 0
      for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
        const h = (row % rows) * strides[0] - pad[1][0] + Math.floor(tap / filterWidth)
        const w = (column % columns) * strides[1] - pad[2][0] + (tap % filterWidth)
        if (h < 0 || h >= height || w < 0 || w >= width) continue
        for (let c = 0; c < channels; c++)
          sum += values[((image * height + h) * width + w) * channels + c] * weights[(tap * channels + c) * outputs + (o % outputs)]
      }
      const total = sum * factors[o % outputs] + summands[o % outputs] + ((added as Float32Array | undefined)?.[i] ?? 0)
      return relu ? Math.max(0, total) : total
    })
    return cpu.makeTensorInfo([batch, rows, columns, outputs], 'float32', y)
  }
  tf.registerKernel({ kernelName: 'AudiotagConvolutionAffine', backendName: 'cpu', kernelFunc })
  try {
    const fused = await results()
    expect(times).toBe(40)
    expect(fused).toHaveLength(composed.length)
    for (const [i, values] of fused.entries()) expectClose(values, composed[i], { absolute: 2e-5, relative: 2e-3 })
  } finally {
    tf.unregisterKernel('AudiotagConvolutionAffine', 'cpu')
  }
})

test('a training step stays within its number of kernel calls', async () => {
  const model = createModel({ ...config, architecture: 'resnet34' }, { rng: seeded(1) })
  register()
  const variables = model.trainable.map((name) => model.variables.get(name) as tf.Variable)
  const x = tf.ones([2, 32, 32, 1])
  const step = (): tf.Tensor => tf.variableGrads(() => tf.mean(model.forward(x, { training: true })), variables).value
  const { kernels: run } = await tf.profile(step)
  const work = run.filter(({ name }) => !['Identity', 'Reshape', 'unnamed scope'].includes(name))
  // 72 of batch norm, 107 of convolutions, 16 sums where a block's two gradients meet, 3 of pooling, the rest in head and running statistics.
  expect(work.length).toBeLessThan(240)
  expect(run.length).toBeLessThan(700) // tf.layers: 3,562
  tf.disposeVariables()
})

test('gradients in inference mode agree with finite differences', async () => {
  const model = createModel(config, { rng: seeded(3) })
  const rng = seeded(4)
  const x = tf.tensor4d(
    Float32Array.from({ length: 2 * 20 * 24 }, () => 2 * rng() - 1),
    [2, 20, 24, 1],
  )
  const loss = (): tf.Scalar => tf.tidy(() => tf.sum(tf.square(model.forward(x))))
  for (const name of ['bn1.bias', 'layer2.0.downsample.1.weight', 'layer4.1.bn2.weight', 'last_linear.3.bias']) {
    const variable = model.variables.get(name) as tf.Variable
    const { grads } = tf.variableGrads(loss, [variable])
    const [gradient] = await grads[variable.name].data()
    const before = (await variable.data()).slice() as Float32Array
    const at = async (nudge: number): Promise<number> => {
      tf.tidy(() => variable.assign(tf.tensor1d(before.map((value, i) => (i === 0 ? value + nudge : value)))))
      return (await loss().data())[0]
    }
    const difference = ((await at(1e-3)) - (await at(-1e-3))) / 2e-3
    expectClose([gradient], [difference], { absolute: 2e-3, relative: 2e-2 })
    await at(0)
  }
  tf.disposeVariables()
})
