import { createTrainStep, dcase2019Training, sgd, TrainError, type Batches, type Stream, type TrainStepParts } from '@audiotag/train'
import { expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import { tinyBatch, tinyModel } from './tiny-model.js'

beforeAll(() => tf.setBackend('cpu'))

const curated: Stream = { name: 'curated', head: 'curated', loss: 'bce' }

/** Finite, but its gradient is not. */
const steepLoss = (z: tf.Tensor): tf.Scalar =>
  tf.customGrad((x, save) => {
    ;(save as tf.GradSaveFunc)([x as tf.Tensor])
    return { value: tf.scalar(1), gradFunc: (_: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0], Infinity) }
  })(z)

const lossesOf = (model: 'resnet' | 'envnet-sigmoid' | 'envnet-softmax', variant: 'default' | 'paper' | 'referenceCode'): string =>
  dcase2019Training({ model, variant })
    .streams.map(({ loss }) => loss)
    .join(' ')

describe('createTrainStep', () => {
  test.each<[(parts: TrainStepParts) => TrainStepParts, string, string]>([
    [(parts) => ({ ...parts, streams: [] }), 'stream', 'at least one stream, got none'],
    [(parts) => ({ ...parts, streams: [curated, curated] }), 'stream', "got 'curated' twice"],
    [(parts) => ({ ...parts, streams: [{ ...curated, loss: 'l1' as 'bce' }] }), 'option', "no loss is called 'l1'"],
    [
      (parts) => ({ ...parts, streams: [{ ...curated, weight: NaN }] }),
      'option',
      "the weight of stream 'curated' must be a finite number, got NaN",
    ],
    [(parts) => ({ ...parts, activations: 'forget' as 'keep' }), 'option', "activations must be 'keep' or 'recompute', got forget"],
    [(parts) => ({ ...parts, model: { ...parts.model, trainable: [] } }), 'variable', 'nothing to train'],
    [(parts) => ({ ...parts, model: { ...parts.model, trainable: ['x'] } }), 'variable', "model.trainable names 'x'"],
  ])('refuses wrong parts (%#)', (change, code, message) => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const call = (): unknown => createTrainStep(change({ model, optimizer, streams: [curated] }))
    expect(call).toThrow(TrainError)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
    model.dispose()
  })
})

describe('a step', () => {
  const batch = tinyBatch('x')
  test.each<[Batches, number, string, string]>([
    [{}, 0.1, 'stream', "no batch for stream 'curated', got none"],
    [{ curated: batch, ssl: batch }, 0.1, 'stream', "'ssl' is no stream of this step, which has 'curated'"],
    [
      { curated: { ...batch, input: { data: new Float32Array(3), shape: [4, 4] } } },
      0.1,
      'shape',
      "input of stream 'curated' has 3 numbers, but [4, 4] needs 16",
    ],
    [
      { curated: { ...batch, targets: { data: new Float32Array(8), shape: [4, 2] } } },
      0.1,
      'shape',
      'bce: targets must have the shape of the logits, [4, 3], got [4, 2]',
    ],
    [{ curated: batch }, Infinity, 'option', 'learningRate must be a finite number of at least 0, got Infinity'],
  ])('refuses wrong batches (%#)', async (batches, learningRate, code, message) => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const step = createTrainStep({ model, optimizer, streams: [curated] })
    await expectNoLeaks(async () => {
      const failure = step(batches, { learningRate })
      await expect(failure).rejects.toThrow(TrainError)
      await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
    })
    // and works after it
    expect((await step({ curated: batch }, { learningRate: 0 })).total).toBeGreaterThan(0)
    model.dispose()
    optimizer.dispose()
  })

  test('does not overlap another', async () => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const step = createTrainStep({ model, optimizer, streams: [curated] })
    const first = step({ curated: batch }, { learningRate: 0.1 })
    await expect(step({ curated: batch }, { learningRate: 0.1 })).rejects.toMatchObject({ code: 'busy' })
    await first
    await step({ curated: batch }, { learningRate: 0.1 })
    model.dispose()
    optimizer.dispose()
  })

  test('a gradient that is not finite is refused though the loss is', async () => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const before = await model.variables.get('curated.weight')!.data()
    const copy = before.slice()
    const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', loss: steepLoss }] })
    const failure = step({ curated: batch }, { learningRate: 0.1 })
    await expect(failure).rejects.toMatchObject({ code: 'non-finite', message: expect.stringContaining('the gradient of') as string })
    expect(await model.variables.get('curated.weight')!.data()).toEqual(copy)
    model.dispose()
    optimizer.dispose()
  })

  test('a loss that is no number of its own is refused', async () => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', loss: (z) => tf.square(z) as unknown as tf.Scalar }] })
    await expectNoLeaks(async () => {
      await expect(step({ curated: batch }, { learningRate: 0.1 })).rejects.toMatchObject({ code: 'shape' })
    })
    model.dispose()
    optimizer.dispose()
  })
})

describe('dcase2019Training', () => {
  test('is what the table of differences says', () => {
    expect([lossesOf('resnet', 'default'), lossesOf('resnet', 'paper'), lossesOf('resnet', 'referenceCode')]).toEqual([
      'bce bce',
      'bce bce',
      'bce boundedBce',
    ])
    expect([lossesOf('envnet-sigmoid', 'default'), lossesOf('envnet-sigmoid', 'referenceCode')]).toEqual([
      'bce bce',
      'boundedBce boundedBce',
    ])
    expect([lossesOf('envnet-softmax', 'paper'), lossesOf('envnet-softmax', 'referenceCode')]).toEqual(['kl kl', 'klReference klReference'])
    expect(dcase2019Training({ model: 'resnet' }).optimizer).toEqual({ name: 'adam' })
    expect(dcase2019Training({ model: 'envnet-softmax', variant: 'paper' }).optimizer).toEqual({ name: 'sgd' })
    expect(dcase2019Training({ model: 'envnet-softmax' }).optimizer).toEqual({ name: 'sgd', momentum: 0.9, nesterov: true })
    expect(dcase2019Training({ model: 'resnet', variant: 'referenceCode' }).learningRate).toEqual({ max: 1e-3, min: 1e-6, periodOffset: 1 })
    expect(dcase2019Training({ model: 'resnet', ssl: true }).streams[2]).toEqual({ name: 'ssl', head: 'curated', loss: 'mse', weight: 20 })
    const recipe = dcase2019Training({ model: 'resnet', ssl: true })
    expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe)
  })

  test.each([
    [() => dcase2019Training({ model: 'vgg' as 'resnet' }), "got 'vgg'"],
    [() => dcase2019Training({ model: 'resnet', variant: 'x' as 'paper' }), "got 'x'"],
    [() => dcase2019Training({ model: 'envnet-softmax', ssl: true }), 'cannot go with envnet-softmax'],
  ])('%s', (call, message) => {
    expect(call).toThrow(TrainError)
    expect(call).toThrow(message)
  })
})
