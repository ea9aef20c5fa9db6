import { createTrainStep, mse, sgd, TrainError, type Batches, type Stream, type TrainableModel } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { tinyBatch, tinyModel } from './tiny-model.js'

const streams: Stream[] = [
  { name: 'curated', head: 'curated', loss: 'bce' },
  { name: 'noisy', head: 'noisy', loss: 'kl' },
  { name: 'ssl', head: 'curated', loss: mse, weight: 20 },
]
const batches = (): Batches => ({ curated: tinyBatch('curated', 7), noisy: tinyBatch('noisy', 6), ssl: tinyBatch('ssl', 2) })

/** A layer of 5 and two heads of 3, nothing that looks at other clips of the batch. */
function clipwiseModel(): TrainableModel & { readonly clips: number[]; dispose(): void } {
  const shapes: Record<string, number[]> = { encoder: [4, 5], curated: [5, 3], noisy: [5, 3] }
  const variables = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = goldenTensor(name, shape, { seed: 3, center: 0, scale: 0.7 })
      return [name, tf.tidy(() => tf.variable(tf.tensor(values, shape)))]
    }),
  )
  const clips: number[] = []
  return {
    variables,
    trainable: [...variables.keys()],
    clips,
    forward: (input, { head = 'curated' } = {}) => {
      clips.push(input.shape[0])
      return tf.tidy(() => tf.matMul(tf.tanh(tf.matMul(input, variables.get('encoder')!)), variables.get(head)!))
    },
    dispose: () => tf.dispose([...variables.values()]),
  }
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each([
    [1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [3, [2, 2, 3, 3, 3, 2]],
    [100, [7, 6, 2]],
  ])('parts of at most %d clips give the losses, the norm and the update of one pass', async (microBatch, clips) => {
    await expectNoLeaks(async () => {
      const [plain, parted] = [clipwiseModel(), clipwiseModel()]
      const optimizers = [sgd({ momentum: 0.9 }), sgd({ momentum: 0.9 })]
      const one = createTrainStep({ model: plain, optimizer: optimizers[0], streams })
      const many = createTrainStep({ model: parted, optimizer: optimizers[1], streams, microBatch })
      for (let i = 0; i < 3; i++) {
        const [a, b] = [await one(batches(), { learningRate: 0.1 }), await many(batches(), { learningRate: 0.1 })]
        expect(b.total).toBeCloseTo(a.total, 5)
        expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5)
        for (const { name } of streams) expect(b.streams[name]).toBeCloseTo(a.streams[name], 6)
      }
      expect(parted.clips.slice(0, clips.length)).toEqual(clips)
      for (const [name, variable] of plain.variables) {
        expectClose(await parted.variables.get(name)!.data<'float32'>(), await variable.data<'float32'>(), { absolute: 2e-6 })
      }
      for (const optimizer of optimizers) optimizer.dispose()
      plain.dispose()
      parted.dispose()
    })
  })

  test('tensors are cut as arrays are, and stay the caller’s', async () => {
    const plain = tinyBatch('curated', 5)
    const tensors = { input: tf.tensor(plain.input.data, plain.input.shape), targets: tf.tensor(plain.targets.data, plain.targets.shape) }
    const results = []
    for (const curated of [plain, tensors]) {
      const model = clipwiseModel()
      const optimizer = sgd()
      const step = createTrainStep({ model, optimizer, streams: [streams[0]], microBatch: 2 })
      results.push(await expectNoLeaks(() => step({ curated }, { learningRate: 0.1 })))
      expect([...plain.input.data]).toEqual([...tinyBatch('curated', 5).input.data])
      optimizer.dispose()
      model.dispose()
    }
    expect(results[1]).toEqual(results[0])
    tf.dispose([tensors.input, tensors.targets])
  })

  test('batch statistics are those of the parts', async () => {
    const model = tinyModel()
    const optimizer = sgd()
    const step = createTrainStep({ model, optimizer, streams: [streams[0]], microBatch: 2 })
    await step({ curated: tinyBatch('curated', 4) }, { learningRate: 0.1 })
    expect(model.calls.map(({ batch }) => batch)).toEqual([2, 2])
    optimizer.dispose()
    model.dispose()
  })

  test('a part that is not finite names its stream; a pass that throws leaks nothing; the weights stay', async () => {
    const model = clipwiseModel()
    const optimizer = sgd()
    const before = [...(await model.variables.get('encoder')!.data())]
    const step = createTrainStep({ model, optimizer, streams, microBatch: 2 })
    const bad = tinyBatch('noisy', 6)
    bad.input.data[bad.input.data.length - 1] = NaN
    const short = { input: bad.input, targets: tinyBatch('noisy', 5).targets }
    const wide = { input: tinyBatch('ssl', 3).input, targets: { data: new Float32Array(12), shape: [3, 4] } }
    await expectNoLeaks(async () => {
      await expect(step({ ...batches(), noisy: bad }, { learningRate: 1 })).rejects.toThrow("the loss of stream 'noisy' is NaN")
      await expect(step({ ...batches(), noisy: short }, { learningRate: 1 })).rejects.toThrow("'noisy' must have the same number of clips")
      // the third stream, when gradients of the others are there already
      await expect(step({ ...batches(), ssl: wide }, { learningRate: 1 })).rejects.toThrow('mse: targets')
    })
    expect([...(await model.variables.get('encoder')!.data())]).toEqual(before)
    optimizer.dispose()
    model.dispose()
  })
})

test.each([0, -1, 1.5, NaN, Infinity])('microBatch %d is refused', (microBatch) => {
  const model = clipwiseModel()
  expect(() => createTrainStep({ model, optimizer: sgd(), streams, microBatch })).toThrow(TrainError)
  expect(() => createTrainStep({ model, optimizer: sgd(), streams, microBatch })).toThrow('microBatch must be a whole number')
  model.dispose()
})
