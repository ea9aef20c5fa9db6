import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import {
  createModel,
  decodeSafetensors,
  inferModelConfig,
  loadTorchModel,
  loadWeights,
  ModelError,
  saveModel,
  type ModelConfig,
  type NamedArray,
} from '@audiotag/models'
import { expectNoLeaks } from '@audiotag/testkit'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCheckpoint } from './checkpoint-set.js'
import { seeded } from './seeded.js'

type Tensors = Record<string, NamedArray>

beforeAll(() => tf.setBackend('cpu'))

async function stateDict(config: Partial<ModelConfig>): Promise<Tensors> {
  const model = createModel({ architecture: 'resnet18', classes: 3, width: 1 / 32, activation: 'sigmoid', ...config }, { rng: seeded(1) })
  const { tensors } = decodeSafetensors(await saveModel(model))
  model.dispose()
  return tensors
}

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError)
    return `${(error as ModelError).code}: ${(error as ModelError).message}`
  }
  return 'no error'
}

const load = (tensors: Tensors, config: Partial<ModelConfig> = {}): string =>
  messageOf(() => loadTorchModel(tensors, { activation: 'sigmoid', ...config }).dispose())

describe('inferModelConfig', () => {
  test('architecture, width, heads and classes of any model are told from its shapes, and give all of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('resnet18', 'resnet34', 'seresnext50', 'envnet2'),
        fc.double({ min: 0.001, max: 0.13, noNaN: true }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (architecture, width, classes, count, parallel) => {
          const heads = ['curated', 'noisy', 'head3'].slice(0, count)
          const config = { architecture, width, classes, heads } as const
          const tensors = await stateDict(config)
          const given = parallel ? Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`module.${name}`, tensor])) : tensors
          expect(inferModelConfig(given)).toMatchObject({ architecture, classes, heads })
          const model = loadTorchModel(given, { activation: 'softmax' })
          expect(decodeSafetensors(await saveModel(model)).tensors).toEqual(tensors)
          model.dispose()
        },
      ),
      { numRuns: 12 },
    )
  }, 60_000)

  test('round widths come back as they are', async () => {
    for (const width of [1 / 16, 1 / 8, 0.1]) expect(inferModelConfig(await stateDict({ width })).width).toBeCloseTo(width, 3)
    for (const width of [1 / 16, 1 / 8]) expect(inferModelConfig(await stateDict({ width })).width).toBe(width)
  })

  test('what is no network of this package', async () => {
    const weight = { data: new Float32Array(6), shape: [2, 3] }
    expect(messageOf(() => inferModelConfig({ 'fc.weight': weight }))).toMatch(
      /^weights: inferModelConfig: the weights must be of resnet18, .*got fc\.weight/,
    )
    expect(messageOf(() => inferModelConfig({}))).toContain('got none')
    expect(messageOf(() => inferModelConfig({ 'conv1.weight': weight }))).toContain(
      'resnet18 must have layer2.0.conv1.weight, it is missing',
    )
    const tensors = await stateDict({})
    const wide = { ...tensors, 'layer4.0.conv1.weight': { data: new Float32Array(0), shape: [300, 0, 3, 3] } }
    expect(messageOf(() => inferModelConfig(wide))).toContain(
      'the channels must be those of resnet18 at some width, got 2 for 64, 4 for 128, 8 for 256, 300 for 512',
    )
  })
})

describe('loadTorchModel', () => {
  test('takes what is given over what is told, and refuses what does not fit', async () => {
    const tensors = await stateDict({ heads: ['a', 'b'] })
    const model = loadTorchModel(tensors, { activation: 'softmax', heads: ['clean', 'noisy'], dropout: [0, 0] })
    expect(model.config).toMatchObject({ heads: ['clean', 'noisy'], dropout: [0, 0], activation: 'softmax' })
    model.dispose()
    expect(load(tensors, { heads: ['one'] })).toMatch(
      /^weights: loadTorchModel: .* 0 \(\) missing and 6 \(last_linear2\.0\.weight, .*\) unknown/,
    )
    expect(load(tensors, { classes: 4 })).toContain('last_linear.6.weight must have the shape [4, 32], got [3, 32]')
    expect(load(tensors, { architecture: 'resnet34' })).toContain('missing')
    expect(messageOf(() => loadTorchModel(tensors, {} as { activation: 'sigmoid' }))).toMatch(/^config: .*activation must be/)
  })

  test('names that are missing, foreign, or a prefix of some only', async () => {
    const tensors = await stateDict({})
    const { 'bn1.bias': bias, ...rest } = tensors
    expect(load(rest)).toContain('1 (bn1.bias) missing')
    expect(load({ ...rest, 'module.bn1.bias': bias })).toContain('1 (bn1.bias) missing and 1 (module.bn1.bias) unknown')
    expect(load({ ...tensors, 'fc.weight': bias })).toContain('1 (fc.weight) unknown')
    expect(load({ ...tensors, 'fc.num_batches_tracked': bias })).toContain('1 (fc.num_batches_tracked) unknown')
  })

  test('numbers that are none of a weight', async () => {
    const tensors = await stateDict({})
    const { shape } = tensors['bn1.bias']
    expect(load({ ...tensors, 'bn1.bias': { data: Float64Array.of(0.1, 0.2), shape } })).toBe('no error')
    expect(load({ ...tensors, 'bn1.bias': { data: Float64Array.of(1e39, 0), shape } })).toContain(
      'bn1.bias must hold numbers in the range of float32',
    )
    expect(load({ ...tensors, 'bn1.bias': { data: Int32Array.of(1, 2), shape } })).toContain(
      'bn1.bias must hold floating-point numbers, got Int32Array',
    )
  })

  test('an error leaves nothing behind', async () => {
    const tensors = await stateDict({})
    await expectNoLeaks(() => {
      expect(load(tensors, { classes: 4 })).toContain('weights')
    })
  })
})

describe('the authors’ ResNets', () => {
  const copyName = 'base_model.layer1.0.conv1.weight'

  test('a copy that differs in one bit, has no original or another shape is no copy', async () => {
    const { tensors } = await readCheckpoint({ file: 'resnet34-authors.pth' })
    expect(load(tensors)).toBe('no error')
    const { data, shape } = tensors[copyName]
    const altered = (data as Float32Array).slice()
    new Uint8Array(altered.buffer)[5] ^= 1
    expect(load({ ...tensors, [copyName]: { data: altered, shape } })).toContain(
      `${copyName} must be a copy of layer1.0.conv1.weight, as in the authors' ResNets, it differs`,
    )
    expect(load({ ...tensors, [copyName]: { data, shape: [4, 36] } })).toContain('it differs')
    const { 'layer1.0.conv1.weight': original, ...without } = tensors
    expect(original.shape).toEqual(shape)
    expect(load(without)).toContain('it has no original')
    const counter = 'base_model.bn1.num_batches_tracked'
    expect(load({ ...tensors, [counter]: { data: BigInt64Array.of(1n), shape: [] } })).toContain(`${counter} must be a copy`)
  })

  test('an unused layer of another shape, a copied head and other names are not taken off', async () => {
    const { tensors } = await readCheckpoint({ file: 'resnet34-authors.pth' })
    const bias = { data: new Float32Array(1000), shape: [1000] }
    expect(load({ ...tensors, 'base_model.last_linear.bias': bias })).toContain(
      "base_model.last_linear.bias must be the unused layer of the authors' ResNets, [80], got [1000]",
    )
    expect(load({ ...tensors, 'base_model.last_linear2.6.bias': tensors['last_linear2.6.bias'] })).toContain(
      '1 (base_model.last_linear2.6.bias) unknown',
    )
    expect(load({ ...tensors, 'base_model.extra': bias })).toContain('1 (base_model.extra) unknown')
  })

  test('copies belong to ResNets only', async () => {
    const tensors = await stateDict({ architecture: 'envnet2' })
    const name = 'conv1.conv_bn_relu.1.bias'
    expect(load({ ...tensors, [`base_model.${name}`]: tensors[name] })).toContain(`1 (base_model.${name}) unknown`)
  })

  test('loadWeights takes the file into a model of the same kind, or leaves it as it is', async () => {
    const { tensors } = await readCheckpoint({ file: 'resnet34-authors.pth' })
    const model = loadTorchModel(tensors, { activation: 'sigmoid' })
    const before = await saveModel(model)
    const foreign = { ...tensors, 'fc.weight': tensors['bn1.bias'] }
    expect(messageOf(() => loadWeights(model, foreign))).toMatch(/^weights: loadWeights: /)
    expect(await saveModel(model)).toEqual(before)
    model.dispose()
    expect(messageOf(() => loadWeights(model, tensors))).toMatch(/^disposed: loadWeights: /)
  })
})
