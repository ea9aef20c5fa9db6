import { createModel, type Architecture, type TaggingModel } from '@audiotag/models'
import { expectNoLeaks } from '@audiotag/testkit'
import { adam, createTrainStep, sgd, type Batches, type Stream } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'

import { useWasm } from '@audiotag/backend'

import { peakBytes } from './peak-bytes.js'

type Activations = 'keep' | 'recompute'

beforeAll(async () => void (await useWasm({ threads: 1 })))

function generator(): () => number {
  let state = 7
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 2 ** 24
  }
}

const curated: Stream = { name: 'curated', head: 'curated', loss: 'bce' }
const three: Stream[] = [
  curated,
  { name: 'noisy', head: 'noisy', loss: 'boundedBce' },
  { name: 'ssl', head: 'curated', loss: 'mse', weight: 20 },
]

function batches(streams: readonly Stream[], clip: readonly number[], rng: () => number): Batches {
  const random = (shape: number[]) => ({
    data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => 2 * rng() - 1),
    shape,
  })
  return Object.fromEntries(
    streams.map(({ name }, i) => {
      const targets = random([4 + i, 5])
      return [name, { input: random([4 + i, ...clip]), targets: { ...targets, data: targets.data.map((value) => Number(value > 0.4)) } }]
    }),
  )
}

interface Case {
  readonly architecture: Architecture
  readonly streams: readonly Stream[]
  readonly microBatch?: number
}

/** Results of four steps of training, and the bits of all variables after them. */
async function train(
  { architecture, streams, ...more }: Case,
  activations: Activations,
): Promise<{ results: unknown; bits: Map<string, Uint32Array> }> {
  const rng = generator()
  const heads = streams.length > 1 ? ['curated', 'noisy'] : ['curated']
  const model = createModel({ architecture, classes: 5, width: 1 / 16, heads, activation: 'sigmoid' }, { rng })
  const optimizer = architecture === 'envnet2' ? sgd({ momentum: 0.9, nesterov: true }) : adam()
  const step = createTrainStep({ model, optimizer, streams, activations, ...more })
  const clip = architecture === 'envnet2' ? [21_000] : [32, 40, 1]
  const results = []
  for (let i = 0; i < 4; i++) results.push(await step(batches(streams, clip, rng), { learningRate: 1e-2, rng }))
  const bits = new Map(
    [...model.variables].map(([name, variable]) => [name, new Uint32Array(variable.dataSync<'float32'>().slice().buffer)]),
  )
  optimizer.dispose()
  model.dispose()
  return { results, bits }
}

describe.each(['resnet18', 'resnet34', 'seresnext50', 'envnet2'] as const)('%s', (architecture) => {
  test.each<Omit<Case, 'architecture'>>([{ streams: [curated] }, { streams: three }, { streams: three, microBatch: 2 }])(
    'recomputed activations train to the bits of kept ones and leave no tensors (%#)',
    async (how) => {
      const kept = await train({ architecture, ...how }, 'keep')
      const recomputed = await expectNoLeaks(() => train({ architecture, ...how }, 'recompute'))
      expect(recomputed.results).toEqual(kept.results)
      for (const [name, bits] of kept.bits) expect([name, recomputed.bits.get(name)]).toEqual([name, bits])
    },
    60_000,
  )
})

test.each([
  ['resnet18', [32, 128, 128, 1], 1 / 8, 0.6],
  ['resnet34', [32, 128, 128, 1], 1 / 8, 0.4],
  ['seresnext50', [8, 64, 128, 1], 1 / 8, 0.3],
  ['envnet2', [4, 44_100], 1 / 2, 0.85],
] as const)(
  '%s: less lives at the worst moment of a pass',
  async (architecture, shape, width, share) => {
    const model: TaggingModel = createModel(
      { architecture, classes: 5, width, dropout: [0, 0], activation: 'sigmoid' },
      { rng: generator() },
    )
    const variables = model.trainable.map((name) => model.variables.get(name) as tf.Variable)
    const x = tf.randomUniform([...shape], -1, 1, 'float32', 1)
    const loss = (activations: Activations) => (): tf.Scalar => tf.mean(tf.square(model.forward(x, { training: true, activations })))
    const peak = (activations: Activations): Promise<number> =>
      peakBytes(() => tf.tidy(() => void tf.variableGrads(loss(activations), variables)))
    const [kept, recomputed] = [await peak('keep'), await peak('recompute')]
    expect(recomputed).toBeLessThan(share * kept)
    x.dispose()
    model.dispose()
  },
  60_000,
)
