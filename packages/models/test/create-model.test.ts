import { architectures, createModel, ModelError, type Architecture, type ModelConfig, type TaggingModel } from '@audiotag/models'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients of tfjs-core
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seeded } from './seeded.js'

const small = (architecture: Architecture, more: Partial<ModelConfig> = {}): TaggingModel =>
  createModel({ architecture, classes: 4, width: 1 / 16, activation: 'sigmoid', ...more }, { rng: seeded(1) })

const inputOf = (architecture: Architecture, batch = 2): tf.Tensor => {
  const rng = seeded(9)
  const shape = architectures[architecture].input === 'log-mel' ? [batch, 16, 20, 1] : [batch, 20570]
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => 2 * rng() - 1),
    shape,
  )
}

const valuesOf = async (model: TaggingModel, name: string): Promise<Float32Array> =>
  (await (model.variables.get(name) as tf.Variable).data()) as Float32Array

const codeOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (error instanceof ModelError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => tf.disposeVariables())

const make = (seed: number): TaggingModel =>
  createModel({ architecture: 'resnet18', classes: 4, width: 1 / 16, activation: 'sigmoid' }, { rng: seeded(seed) })

const spread = (values: Float32Array): { mean: number; deviation: number; largest: number } => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length
  return { mean, deviation: Math.sqrt(variance), largest: values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) }
}

const all = Object.keys(architectures) as Architecture[]

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(all)('%s: no public call leaks, dispose frees everything', { timeout: 30_000 }, async (architecture) => {
    await expectNoLeaks(async () => {
      const model = small(architecture, { heads: ['a', 'b'] })
      const x = inputOf(architecture)
      const lengths = [x.shape[architecture === 'envnet2' ? 1 : 2] as number, architectures[architecture].minLength]
      for (const result of [
        model.forward(x),
        model.forward(x, { head: 'b', training: true, rng: seeded(2) }),
        model.forward(x, { lengths }),
        model.predict(x, { head: 'b' }),
      ]) {
        expect(result.shape).toEqual([2, 4])
        expect((await result.data()).every(Number.isFinite)).toBe(true)
        result.dispose()
      }
      expect(() => model.forward(x, { head: 'c' })).toThrow(ModelError)
      expect(() => model.forward(x, { training: true })).toThrow(ModelError)
      x.dispose()
      model.dispose()
      model.dispose()
    })
  })
})

describe('a model', () => {
  test('names its variables as PyTorch does', () => {
    const model = small('resnet34', { heads: ['curated', 'noisy'] })
    const names = [...model.variables.keys()]
    for (const name of [
      'conv1.weight',
      'bn1.running_mean',
      'layer1.0.conv1.weight',
      'layer2.0.downsample.1.bias',
      'last_linear.0.weight',
      'last_linear2.6.bias',
    ]) {
      expect(names).toContain(name)
    }
    expect(model.trainable).toEqual(names.filter((name) => !name.includes('running')))
    expect([...small('envnet2').variables.keys()]).toContain('last_linear1.0.weight')
  })

  test('lives beside others of the same configuration', async () => {
    const [one, two] = [small('resnet18'), small('resnet18')]
    const before = await valuesOf(two, 'conv1.weight')
    one.variables.get('conv1.weight')?.assign(tf.zeros([7, 7, 1, 4]))
    one.dispose()
    expect(await valuesOf(two, 'conv1.weight')).toEqual(before)
  })

  test('is the same for the same random numbers, and another for others', async () => {
    const first = await valuesOf(make(5), 'last_linear.0.weight')
    expect(await valuesOf(make(5), 'last_linear.0.weight')).toEqual(first)
    expect(await valuesOf(make(6), 'last_linear.0.weight')).not.toEqual(first)
  })

  test('tells heads apart, and takes the first by default', async () => {
    const model = small('resnet18', { heads: ['a', 'b'] })
    const x = inputOf('resnet18')
    const [a, b, byDefault] = await Promise.all(
      [model.forward(x, { head: 'a' }), model.forward(x, { head: 'b' }), model.forward(x)].map((y) => y.data()),
    )
    expect(byDefault).toEqual(a)
    expect(b).not.toEqual(a)
  })

  test('predicts what its activation makes of the logits', async () => {
    const x = inputOf('resnet18')
    const rowSums = async (activation: 'sigmoid' | 'softmax'): Promise<ArrayLike<number>> =>
      tf.sum(small('resnet18', { activation }).predict(x), 1).data()
    expect(Array.from(await rowSums('softmax'), (sum) => Number(sum.toFixed(6)))).toEqual([1, 1])
    expect(Array.from(await rowSums('sigmoid'), (sum) => Number(sum.toFixed(6)))).not.toEqual([1, 1])
  })

  test('takes waveforms with and without a channel axis', async () => {
    const model = small('envnet2')
    const x = inputOf('envnet2')
    expect(await model.predict(tf.reshape(x, [2, 20570, 1])).data()).toEqual(await model.predict(x).data())
  })

  test('draws a new dropout mask every call, and none without dropout', async () => {
    const x = inputOf('resnet18')
    const train = async (model: TaggingModel, rng = seeded(3)): Promise<ArrayLike<number>> =>
      model.forward(x, { training: true, rng }).data()
    const dropping = small('resnet18', { dropout: [0.5, 0.5] })
    const rng = seeded(3)
    const [first, second] = [await train(dropping, rng), await train(dropping, rng)]
    expect(second).not.toEqual(first)
    expect(await train(dropping, seeded(3))).toEqual(first)
    const keeping = small('resnet18', { dropout: [0, 0] })
    expect(await train(keeping, seeded(4))).toEqual(await train(keeping, seeded(5)))
  })

  test('drops where the draw is below p, and scales the rest by 1 / (1 − p)', async () => {
    const model = small('resnet18', { dropout: [0, 0.25] })
    const x = inputOf('resnet18')
    const logits = async (draw: number): Promise<Float32Array> =>
      (await model.forward(x, { training: true, rng: () => draw }).data()) as Float32Array
    const bias = await valuesOf(model, 'last_linear.6.bias')
    expect(await logits(0.2499)).toEqual(Float32Array.of(...bias, ...bias))
    const kept = await logits(0.25)
    const plain = createModel({ ...model.config, dropout: [0, 0] }, { rng: seeded(1) })
    const reference = await plain.forward(x, { training: true }).data()
    expectClose(
      kept.map((y, i) => (y - bias[i % 4]) * 0.75),
      Array.from(reference, (y, i) => y - bias[i % 4]),
      { absolute: 1e-6 },
    )
  })

  test('changes its running statistics in training only', async () => {
    const model = small('resnet18', { dropout: [0, 0] })
    const x = inputOf('resnet18')
    const before = await valuesOf(model, 'bn1.running_mean')
    model.forward(x)
    expect(await valuesOf(model, 'bn1.running_mean')).toEqual(before)
    model.forward(x, { training: true })
    expect(await valuesOf(model, 'bn1.running_mean')).not.toEqual(before)
  })

  test('does not change its input', async () => {
    const x = inputOf('resnet18')
    const before = (await x.data()).slice()
    small('resnet18').forward(x, { training: true, rng: seeded(1) })
    expect(x.isDisposed).toBe(false)
    expect(await x.data()).toEqual(before)
  })
})

describe('initial weights', () => {
  test('are uniform within 1 / √(fan-in) for linear layers and waveform convolutions', async () => {
    const model = createModel({ architecture: 'envnet2', classes: 4, width: 1 / 4, activation: 'softmax' }, { rng: seeded(1) })
    for (const [name, fanIn] of [
      ['last_linear1.0.weight', 640],
      ['conv2.conv_bn_relu.0.weight', 128],
      ['conv4.conv_bn_relu.0.weight', 512],
    ] as const) {
      const { deviation, largest } = spread(await valuesOf(model, name))
      expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(fanIn))
      expect(deviation * Math.sqrt(3 * fanIn)).toBeCloseTo(1, 1)
    }
    expect(await valuesOf(model, 'conv1.conv_bn_relu.1.weight')).toEqual(new Float32Array(8).fill(1))
    expect(await valuesOf(model, 'conv1.conv_bn_relu.1.bias')).toEqual(new Float32Array(8))
  })

  test('are normal with variance 2 / fan-out in ResNet’s body', async () => {
    const model = createModel({ architecture: 'resnet18', classes: 4, width: 1 / 4, activation: 'sigmoid' }, { rng: seeded(1) })
    const { mean, deviation, largest } = spread(await valuesOf(model, 'layer4.1.conv2.weight'))
    const expected = Math.sqrt(2 / (9 * 128))
    expect(deviation / expected).toBeCloseTo(1, 1)
    expect(Math.abs(mean)).toBeLessThan(expected / 50)
    expect(largest).toBeGreaterThan(3 * expected)
    expect(largest).toBeLessThan(7 * expected)
    expect(spread(await valuesOf(model, 'conv1.weight')).largest).toBeLessThanOrEqual(1 / 7)
  })
})

describe('bad input is refused', () => {
  const config = { architecture: 'resnet18', classes: 4, activation: 'sigmoid' } as const
  test.each([
    ['no object', null, 'config must be an object'],
    ['unknown architecture', { ...config, architecture: 'resnet50' }, 'resnet18, resnet34, seresnext50, envnet2'],
    ['inherited name', { ...config, architecture: 'toString' }, 'architecture must be a known one'],
    ['no classes', { ...config, classes: 0 }, 'classes must be an integer of at least 1'],
    ['fractional classes', { ...config, classes: 1.5 }, 'got 1.5'],
    ['no head', { ...config, heads: [] }, 'heads must be distinct'],
    ['equal heads', { ...config, heads: ['a', 'a'] }, 'heads must be distinct'],
    ['width 0', { ...config, width: 0 }, 'width must be above 0'],
    ['width NaN', { ...config, width: NaN }, 'width must be above 0'],
    ['dropout 1', { ...config, dropout: [1, 0] }, 'dropout must be two probabilities'],
    ['one dropout', { ...config, dropout: [0.1] }, 'dropout must be two probabilities'],
    ['no activation', { architecture: 'resnet18', classes: 4 }, "activation must be 'sigmoid' or 'softmax'"],
    ['misspelt field', { ...config, widht: 1 }, 'unknown field, got "widht"'],
  ])('configuration: %s', (_, bad, message) => {
    expect(codeOf(() => createModel(bad as unknown as ModelConfig, { rng: seeded(1) }))).toMatch(/^config: /)
    expect(codeOf(() => createModel(bad as unknown as ModelConfig, { rng: seeded(1) }))).toContain(message)
  })

  test('no rng', () => {
    expect(codeOf(() => createModel(config, {} as { rng: () => number }))).toContain('randomness: createModel: rng must be a function')
  })

  test.each([
    ['rank', [2, 16, 20], 'input: forward: resnet18 takes [batch, mels, frames, 1], at least one clip, got [2, 16, 20]'],
    ['channels', [2, 16, 20, 3], 'got [2, 16, 20, 3]'],
    ['empty batch', [0, 16, 20, 1], 'at least one clip'],
    ['no frames', [1, 16, 0, 1], 'length: forward: resnet18 needs at least 1 frames, got 0'],
    ['no bands', [1, 0, 20, 1], 'input: forward: resnet18 needs at least 1 mel bands, got 0'],
  ])('input of a log-mel network: %s', (_, shape, message) => {
    expect(codeOf(() => small('resnet18').forward(tf.zeros(shape)))).toContain(message)
  })

  test.each([
    ['seresnext50', [1, 16, 2, 1], 'length: forward: seresnext50 needs at least 3 frames, got 2. Pad the clip'],
    ['envnet2', [1, 20569], 'length: forward: envnet2 needs at least 20570 samples, got 20569'],
    ['envnet2', [1, 20570, 2], 'input: forward: envnet2 takes [batch, samples]'],
  ] as const)('input of %s: [%s]', (architecture, shape, message) => {
    expect(codeOf(() => small(architecture).forward(tf.zeros([...shape])))).toContain(message)
  })

  test('type, head, lengths, randomness, disposal', () => {
    const model = small('resnet18')
    const x = inputOf('resnet18')
    expect(codeOf(() => model.forward(tf.cast(x, 'int32')))).toContain('input must be float32, got int32')
    expect(codeOf(() => model.forward(x, { head: 'noisy' }))).toContain('head: forward: head must be one of curated, got noisy')
    expect(codeOf(() => model.forward(x, { training: true }))).toContain('randomness: forward: training with dropout needs rng')
    expect(codeOf(() => model.forward(x, { lengths: [20] }))).toContain('length: forward: lengths must hold one number a clip (2), got 1')
    expect(codeOf(() => model.forward(x, { lengths: [20, 0] }))).toContain('lengths[1] must be an integer from 1 to 20, got 0')
    expect(codeOf(() => model.forward(x, { lengths: [21, 20] }))).toContain('got 21')
    expect(codeOf(() => model.forward(x, { lengths: [1.5, 20] }))).toContain('got 1.5')
    expect(codeOf(() => model.forward(x, { lengths: [20, 20], training: true, rng: seeded(1) }))).toContain('lengths are for inference')
    expect(codeOf(() => model.forward(tf.zeros([1, 1, 1, 1]), { training: true, rng: seeded(1) }))).toContain(
      'at least 2 values a channel, got 1 at bn1',
    )
    model.dispose()
    expect(codeOf(() => model.forward(x))).toContain('disposed: forward: the model has been disposed')
  })

  test('an error in the middle of training leaks nothing and leaves the running statistics alone', async () => {
    const model = small('resnet18')
    // One value a channel only from layer 2 on: earlier batch norms have run by then.
    const x = tf.ones([1, 16, 16, 1])
    const before = await valuesOf(model, 'bn1.running_var')
    await expectNoLeaks(() => {
      expect(codeOf(() => model.forward(x, { training: true, rng: seeded(1) }))).toContain('at least 2 values a channel')
    })
    expect(await valuesOf(model, 'bn1.running_var')).toEqual(before)
  })
})

const deviation = async (convolutionInit: 'kaimingFanOut' | 'kaimingUniform'): Promise<{ deviation: number; largest: number }> => {
  const model = createModel(
    { architecture: 'resnet18', classes: 2, width: 0.5, activation: 'sigmoid' },
    { rng: seeded(3), convolutionInit },
  )
  const values = await valuesOf(model, 'layer4.1.conv2.weight') // 3 × 3, 256 → 256
  model.dispose()
  const squares = values.reduce((sum, value) => sum + value * value, 0)
  return { deviation: Math.sqrt(squares / values.length), largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) }
}

test('convolutions start as torchvision or as nn.Conv2d does', async () => {
  const fanIn = 9 * 256
  const uniform = await deviation('kaimingUniform')
  expect(uniform.deviation).toBeCloseTo(1 / Math.sqrt(3 * fanIn), 4)
  expect(uniform.largest).toBeLessThanOrEqual(1 / Math.sqrt(fanIn))
  expect((await deviation('kaimingFanOut')).deviation).toBeCloseTo(Math.sqrt(2 / fanIn), 4)
  const wrong = { rng: seeded(3), convolutionInit: 'xavier' as 'kaimingUniform' }
  expect(codeOf(() => createModel({ architecture: 'resnet18', classes: 2, activation: 'sigmoid' }, wrong))).toMatch(
    /^config: createModel: convolutionInit must be/,
  )
})
