import {
  createModel,
  decodeSafetensors,
  encodeSafetensors,
  loadModel,
  loadWeights,
  ModelError,
  saveModel,
  type NamedArray,
  type TaggingModel,
} from '@audiotag/models'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { goldenFile, goldenInput, type Golden, type GoldenInput } from './golden-net.js'
import { seeded } from './seeded.js'

const config = { architecture: 'resnet18', classes: 3, width: 1 / 16, heads: ['a', 'b'], activation: 'sigmoid' } as const
const make = (more: object = {}): TaggingModel => createModel({ ...config, ...more }, { rng: seeded(1) })

const index = JSON.parse(new TextDecoder().decode(goldenFile('safetensors/index.json'))) as {
  readonly seed: number
  readonly nets: Record<string, { options: { width: number }; input: GoldenInput; logits: Record<string, Golden> }>
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test('a file written by PyTorch gives PyTorch’s logits', { timeout: 30_000 }, async () => {
    await expectNoLeaks(async () => {
      const { options, input, logits } = index.nets['envnet-float16']
      const heads = Object.keys(logits)
      const model = createModel({ architecture: 'envnet2', classes: 80, heads, activation: 'softmax', ...options }, { rng: seeded(1) })
      loadWeights(model, goldenFile('safetensors/envnet-float16.safetensors'))
      const x = goldenInput('envnet', index.seed, input)
      for (const head of heads) {
        const y = model.forward(x, { head })
        expectClose((await y.data()) as Float32Array, logits[head].values, { absolute: logits[head].tolerance })
        y.dispose()
      }
      x.dispose()
      model.dispose()
    })
  })

  test('saving, loading and putting weights leak nothing', async () => {
    await expectNoLeaks(async () => {
      const model = make()
      const loaded = loadModel(await saveModel(model))
      loadWeights(loaded, await saveModel(model))
      model.dispose()
      loaded.dispose()
    })
  })
})

test('a file has PyTorch’s names, shapes and order of elements', async () => {
  const model = make()
  const { tensors, metadata } = decodeSafetensors(await saveModel(model, { metadata: { labels: '["x"]' } }))
  expect(Object.keys(tensors).slice(0, 6)).toEqual([
    'conv1.weight',
    'bn1.weight',
    'bn1.bias',
    'bn1.running_mean',
    'bn1.running_var',
    'bn1.num_batches_tracked',
  ])
  expect(tensors['layer2.0.conv1.weight'].shape).toEqual([8, 4, 3, 3])
  expect(tensors['last_linear2.6.weight'].shape).toEqual([3, 64])
  expect(tensors['bn1.num_batches_tracked']).toEqual({ data: BigInt64Array.of(0n), shape: [] })
  expect(metadata).toMatchObject({ format: 'pt', labels: '["x"]' })
  const here = await (model.variables.get('layer2.0.conv1.weight') as tf.Variable).array()
  const [o, i, y, x] = [5, 2, 0, 1]
  expect(tensors['layer2.0.conv1.weight'].data[((o * 4 + i) * 3 + y) * 3 + x]).toBe((here as number[][][][])[y][x][i][o])
  expect(Object.keys(tensors)).toHaveLength(132) // PyTorch's, with two heads
  model.dispose()
})

test('the keys are those PyTorch counts', async () => {
  const counts = JSON.parse(new TextDecoder().decode(goldenFile('counts.json'))) as Record<string, { stateDictKeys: number }>
  for (const architecture of ['resnet34', 'seresnext50', 'envnet2'] as const) {
    const model = make({ architecture })
    const { tensors } = decodeSafetensors(await saveModel(model))
    expect(Object.keys(tensors)).toHaveLength(counts[architecture === 'envnet2' ? 'envnet' : architecture].stateDictKeys)
    model.dispose()
  }
})

const tensorsOf = async (): Promise<Record<string, NamedArray>> => {
  const model = make()
  const { tensors } = decodeSafetensors(await saveModel(model))
  model.dispose()
  return tensors
}

const without = (tensors: Record<string, NamedArray>): Record<string, NamedArray> =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== 'bn1.bias'))

test.each([
  ['a missing weight', without, '1 (bn1.bias) missing and 0 () unknown'],
  ['an unknown one', (t) => ({ ...t, 'conv9.weight': t['conv1.weight'] }), '1 (conv9.weight) unknown'],
  ['a wrong shape', (t) => ({ ...t, 'bn1.bias': t['layer4.0.bn1.bias'] }), 'bn1.bias must have the shape [4], got [32]'],
  ['a wrong rank', (t) => ({ ...t, 'bn1.bias': { ...t['bn1.bias'], shape: [4, 1] } }), 'got [4, 1]'],
  ['integers', (t) => ({ ...t, 'bn1.bias': { data: new Int32Array(4), shape: [4] } }), 'must hold floating-point numbers, got Int32Array'],
] satisfies [string, (t: Record<string, NamedArray>) => Record<string, NamedArray>, string][])(
  'weights with %s are refused, and change nothing',
  async (_, alter, message) => {
    const model = make()
    const before = await saveModel(model)
    const bytes = encodeSafetensors(alter(await tensorsOf()))
    expect(() => loadWeights(model, bytes)).toThrow(message)
    expect(() => loadWeights(model, bytes)).toThrow(ModelError)
    expect(Buffer.compare(await saveModel(model), before)).toBe(0)
    model.dispose()
  },
)

test('a file without a configuration, or with a broken one, is refused', async () => {
  const tensors = await tensorsOf()
  expect(() => loadModel(encodeSafetensors(tensors, { format: 'pt' }))).toThrow(
    'loadModel: the metadata must hold audiotag.model, got format',
  )
  expect(() => loadModel(encodeSafetensors(tensors, { 'audiotag.model': '{' }))).toThrow('audiotag.model must be JSON, got {')
  expect(() => loadModel(encodeSafetensors(tensors, { 'audiotag.model': 'null' }))).toThrow('config must be an object')
  const wider = JSON.stringify({ ...config, width: 1 / 8 })
  await expectNoLeaks(() =>
    expect(() => loadModel(encodeSafetensors(tensors, { 'audiotag.model': wider }))).toThrow('loadModel: conv1.weight must have the shape'),
  )
})

test('a disposed model, or metadata under the key of the configuration, is refused', async () => {
  const model = make()
  const bytes = await saveModel(model)
  await expect(saveModel(model, { metadata: { 'audiotag.model': '' } })).rejects.toThrow('must leave the key audiotag.model free')
  model.dispose()
  await expect(saveModel(model)).rejects.toMatchObject({ code: 'disposed' })
  expect(() => loadWeights(model, bytes)).toThrow('the model has been disposed')
})
