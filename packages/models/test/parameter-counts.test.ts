import { architectures, createModel, ModelError, parameterCounts, type Architecture } from '@audiotag/models'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { describe, expect, test } from 'vitest'
import { goldenFile } from './golden-net.js'
import { seeded } from './seeded.js'

interface Counts {
  readonly parts: Record<string, number>
  readonly encoder: number
  readonly head: number
  readonly oneHead: number
  readonly twoHeads: number
  readonly runningStatistics: number
  readonly smallestTimeAxis: number
  /** Time steps in → `[channels, height, time]` before the pooling. */
  readonly encoderOutputByTimeAxis: Record<string, [number, number, number]>
}

const golden = JSON.parse(new TextDecoder().decode(goldenFile('counts.json'))) as Record<string, Counts>
const names: [Architecture, string][] = [
  ['resnet18', 'resnet18'],
  ['resnet34', 'resnet34'],
  ['seresnext50', 'seresnext50'],
  ['envnet2', 'envnet'],
]

describe.each(names)('%s', (architecture, net) => {
  const expected = golden[net]
  const config = { architecture, classes: 80, activation: 'sigmoid' } as const

  test('has PyTorch’s number of parameters, part by part', () => {
    const counts = parameterCounts({ ...config, heads: ['curated', 'noisy'] })
    expect(counts.parts).toEqual(expected.parts)
    expect(counts.encoder).toBe(expected.encoder)
    expect(counts.heads).toEqual({ curated: expected.head, noisy: expected.head })
    expect(counts.total).toBe(expected.twoHeads)
    expect(counts.runningStatistics).toBe(expected.runningStatistics)
    expect(parameterCounts(config).total).toBe(expected.oneHead)
  })

  test('needs the length the golden values state', () => expect(architectures[architecture].minLength).toBe(expected.smallestTimeAxis))

  test('counts what a model really holds', () => {
    const narrow = { ...config, classes: 7, heads: ['a', 'b', 'c'], width: 1 / 16 }
    const counts = parameterCounts(narrow)
    const model = createModel(narrow, { rng: seeded(1) })
    const held = [...model.variables].map(([name, { size }]) => ({ size, trained: model.trainable.includes(name) }))
    const sum = (trained: boolean): number => held.reduce((total, entry) => total + (entry.trained === trained ? entry.size : 0), 0)
    expect([sum(true), sum(false)]).toEqual([counts.total, counts.runningStatistics])
    const trained = model.trainable.length
    expect(counts.arrays).toEqual({ trained, fixed: held.length - trained })
    tf.disposeVariables()
  })
})

test.each([
  ['resnet34', 'resnet34', 512],
  ['resnet34', 'resnet34', 1024],
  ['envnet2', 'envnet', 133_300],
  ['envnet2', 'envnet', 200_000],
] as const)(
  '%s gives its pooling what PyTorch’s %s gives it, at length %i',
  async (architecture, net, length) => {
    const [channels, height, time] = golden[net].encoderOutputByTimeAxis[length]
    const model = createModel({ architecture, classes: 2, activation: 'sigmoid', width: 1 / 16 }, { rng: seeded(1) })
    const input = tf.zeros(net === 'envnet' ? [1, length] : [1, 128, length, 1])
    const { kernels } = await tf.profile(() => model.predict(input))
    const pooling = kernels.findLast(({ name }) => name === 'MaxPool')!
    expect(pooling.inputShapes).toEqual([[1, height, time, channels / 16]])
    tf.dispose(input)
    tf.disposeVariables()
  },
  60_000,
)

test('a bad configuration is refused here too', () => {
  expect(() => parameterCounts({ architecture: 'resnet34', classes: 0, activation: 'sigmoid' })).toThrow(ModelError)
})
