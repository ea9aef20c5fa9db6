import { decodeSafetensors, encodeSafetensors } from '@audiotag/models'
import {
  adam,
  captureCheckpoint,
  createOptimizer,
  createTrainStep,
  restoreCheckpoint,
  sgd,
  train,
  TrainError,
  type Batches,
  type Checkpoint,
  type OptimizerConfig,
} from '@audiotag/train'
import { describeBackends, expectNoLeaks, goldenWords } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { tinyBatch, tinyModel, type TinyModel } from './tiny-model.js'

const streams = [
  { name: 'curated', head: 'curated', loss: 'bce' },
  { name: 'noisy', head: 'noisy', loss: 'boundedBce' },
] as const
const batches = (step: number): Batches => ({ curated: tinyBatch(`curated/${step}`), noisy: tinyBatch(`noisy/${step}`) })
/** Randomness of dropout, keyed by the update. */
const rng = Object.assign(() => 0.5, {
  fork: (label: string | number) => {
    const words = goldenWords(String(label), 1000, 0)
    let i = 0
    return () => words[i++] / 2 ** 32
  },
})

const configs: OptimizerConfig[] = [{ name: 'adam' }, { name: 'sgd', momentum: 0.9, nesterov: true }, { name: 'sgd' }]

/** Trains to `steps`, in pieces that end at `stops`; every piece has a new model and optimiser that know only the checkpoint. */
async function trained(config: OptimizerConfig, steps: number, stops: number[]): Promise<Checkpoint> {
  let checkpoint: Checkpoint | undefined
  for (const end of [...stops, steps]) {
    const model = tinyModel()
    const optimizer = createOptimizer(config)
    let startStep = 0
    if (checkpoint) {
      // through the bytes of a file, as a program would
      const { tensors, metadata } = decodeSafetensors(encodeSafetensors(checkpoint.tensors, checkpoint.metadata))
      startStep = restoreCheckpoint({ tensors, metadata } as Checkpoint, { model, optimizer }).step
    }
    const step = createTrainStep({ model, optimizer, streams })
    const options = { step, batches, learningRate: (i: number) => 0.05 / (1 + i), steps: end, startStep, stepsPerEpoch: 2, rng }
    let done = startStep
    for await (const event of train(options)) done = event.step
    checkpoint = await captureCheckpoint({ model, optimizer }, { step: done, metadata: { fold: '3' } })
    model.dispose()
    optimizer.dispose()
  }
  return checkpoint!
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(configs)('$name, momentum $momentum: a run stopped anywhere ends in the same bits', async (config) => {
    const unbroken = await expectNoLeaks(() => trained(config, 9, []))
    expect(unbroken.metadata).toMatchObject({ step: '9', fold: '3' })
    for (const stops of [[1], [4], [2, 3, 8]]) expect(await trained(config, 9, stops)).toEqual(unbroken)
  })

  test('what does not fit is refused as a whole', async () => {
    await expectNoLeaks(async () => {
      const model = tinyModel()
      const optimizer = adam()
      const good = await (async () => {
        const step = createTrainStep({ model, optimizer, streams })
        await step(batches(0), { learningRate: 0.1 })
        return captureCheckpoint({ model, optimizer }, { step: 1 })
      })()
      const without = (name: string): Checkpoint => ({
        ...good,
        tensors: Object.fromEntries(Object.entries(good.tensors).filter(([key]) => key !== name)),
      })
      const withTensor = (name: string, tensor: Checkpoint['tensors'][string]): Checkpoint => ({
        ...good,
        tensors: { ...good.tensors, [name]: tensor },
      })
      const withMetadata = (metadata: Record<string, string>): Checkpoint => ({ ...good, metadata: { ...good.metadata, ...metadata } })
      const one = { data: Float32Array.of(1), shape: [1] }
      const cases: [Checkpoint, string][] = [
        [without('model/encoder.bias'), "there is no 'encoder.bias'"],
        [withTensor('model/extra', one), "it has 'extra'"],
        [withTensor('model/encoder.bias', one), "'encoder.bias' is [1] there, [5] in the model"],
        [withTensor('model/encoder.bias', { data: Float32Array.of(1), shape: [5] }), "'encoder.bias' is [5] there"],
        [withTensor('optimizer/m/encoder.bias', one), "'optimizer/m/encoder.bias' is [1]"],
        [withTensor('optimizer/m/other', one), 'belongs to no variable'],
        [withTensor('optimizer/velocity/encoder.bias', { data: new Float32Array(5), shape: [5] }), 'It is of another optimiser'],
        [without('optimizer/v/encoder.bias'), "the state of 'encoder.bias' lacks v"],
        [withTensor('optimizer/step/encoder.bias', { data: Int32Array.of(-1), shape: [] }), 'damaged'],
        [withTensor('optimizer/m/encoder.bias', { data: new Float32Array(4), shape: [5] }), 'damaged'],
        [withMetadata({ format: 'x' }), "metadata.format must be 'audiotag-checkpoint-1', got 'x'"],
        [withMetadata({ step: '1.5' }), 'metadata.step must be a whole number'],
        [withMetadata({ step: '' }), "got ''"],
        [withMetadata({ optimizer: JSON.stringify(sgd().config) }), 'Resume with the settings of the run'],
      ]
      const before = await captureCheckpoint({ model, optimizer }, { step: 1 })
      for (const [checkpoint, message] of cases) {
        const call = (): unknown => restoreCheckpoint(checkpoint, { model, optimizer })
        expect(call).toThrow(TrainError)
        expect(call).toThrow(message)
        expect(call).toThrow(expect.objectContaining({ code: 'checkpoint' }))
      }
      expect(await captureCheckpoint({ model, optimizer }, { step: 1 })).toEqual(before)
      // tensors of the caller pass
      expect(restoreCheckpoint(withTensor('teacher/w', one), { model, optimizer }).step).toBe(1)
      await expect(captureCheckpoint({ model, optimizer }, { step: -1 })).rejects.toThrow('got -1')
      model.dispose()
      optimizer.dispose()
    })
  })

  test('a disposed optimiser says so', async () => {
    const model: TinyModel = tinyModel()
    const optimizer = adam()
    optimizer.dispose()
    expect(() => optimizer.apply(model.variables, {}, 0.1)).toThrow(expect.objectContaining({ code: 'disposed' }))
    await expect(optimizer.state()).rejects.toThrow('disposed')
    expect(() => optimizer.load({})).toThrow('disposed')
    expect(tf.memory().numTensors).toBeGreaterThan(0)
    model.dispose()
  })
})
