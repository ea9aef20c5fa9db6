import { adam, bce, createTrainStep, mse, sgd, TrainError, type Batches, type Stream, type TrainableModel } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { tinyBatch, tinyModel } from './tiny-model.js'

const streams: Stream[] = [
  { name: 'curated', head: 'curated', loss: 'bce' },
  { name: 'noisy', head: 'noisy', loss: 'boundedBce' },
  { name: 'ssl', head: 'curated', loss: mse, weight: 20 },
]
const batches = (): Batches => ({ curated: tinyBatch('curated'), noisy: tinyBatch('noisy', 6), ssl: tinyBatch('ssl', 2) })
const read = async (variables: ReadonlyMap<string, tf.Variable>): Promise<Record<string, number[]>> => {
  const values: Record<string, number[]> = {}
  for (const [name, variable] of variables) values[name] = [...(await variable.data())]
  return values
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each([
    [{}, {}],
    [{ activations: 'keep' }, { activations: 'keep' }],
    [{ activations: 'recompute' }, { activations: 'recompute' }],
  ] as const)('%j goes to every forward pass of the model', async (option, seen) => {
    const [model, optimizer] = [tinyModel(), sgd()]
    const passed: unknown[] = []
    const forward: TrainableModel['forward'] = (input, { head, training, ...rest } = {}) => {
      passed.push(rest)
      return model.forward(input, { ...(head !== undefined && { head }), ...(training !== undefined && { training }) })
    }
    const step = createTrainStep({ model: { ...model, forward }, optimizer, streams, microBatch: 4, ...option })
    await step(batches(), { learningRate: 0.1 })
    expect(passed).toEqual([seen, seen, seen, seen])
    optimizer.dispose()
    model.dispose()
  })

  test('one forward pass a stream, in order; losses are those of the passes; the update is that of the summed gradient', async () => {
    await expectNoLeaks(async () => {
      const [model, oracle] = [tinyModel(), tinyModel()]
      const optimizer = sgd()
      const step = createTrainStep({ model, optimizer, streams })
      const result = await step(batches(), { learningRate: 0.1 })
      expect(model.calls).toEqual([
        { head: 'curated', training: true, batch: 4 },
        { head: 'noisy', training: true, batch: 6 },
        { head: 'curated', training: true, batch: 2 },
      ])
      expect(Object.keys(result.streams)).toEqual(['curated', 'noisy', 'ssl'])
      expect(result.total).toBeCloseTo(result.streams['curated'] + result.streams['noisy'] + 20 * result.streams['ssl'], 10)

      // the same with a pass and a gradient of its own for each stream
      const sums: Record<string, number[]> = {}
      for (const { name, head, weight = 1 } of streams) {
        const { input, targets } = batches()[name] as ReturnType<typeof tinyBatch>
        const { value, grads } = tf.tidy(() => {
          const [x, y] = [tf.tensor(input.data, input.shape), tf.tensor(targets.data, targets.shape)]
          const variables = oracle.trainable.map((key) => oracle.variables.get(key)!)
          return tf.variableGrads(() => {
            const z = oracle.forward(x, { head: head!, training: true })
            const s = tf.sigmoid(z)
            if (name === 'ssl') return tf.mean(tf.square(tf.sub(s, y)))
            return name === 'noisy' ? bce(s, y) : bce(z, y)
          }, variables)
        })
        expect(result.streams[name]).toBeCloseTo((await value.data())[0], 6)
        for (const key of oracle.trainable) {
          const gradient = grads[oracle.variables.get(key)!.name] as tf.Tensor | undefined
          if (gradient == null) continue
          sums[key] = [...(await gradient.data())].map((g, i) => weight * g + (sums[key]?.[i] ?? 0))
        }
        tf.dispose([value, grads])
      }
      expect(result.gradientNorm).toBeCloseTo(Math.hypot(...Object.values(sums).flat()), 5)
      const before = await read(oracle.variables)
      for (const [name, values] of Object.entries(await read(model.variables))) {
        expectClose(
          values,
          before[name].map((x, i) => x - 0.1 * (sums[name]?.[i] ?? 0)),
          { absolute: 1e-6 },
        )
      }
      optimizer.dispose()
      model.dispose()
      oracle.dispose()
    })
  })

  test('a variable that no stream reaches keeps its value, and has no memory', async () => {
    await expectNoLeaks(async () => {
      const model = tinyModel()
      const optimizer = adam()
      const before = await read(model.variables)
      const step = createTrainStep({ model, optimizer, streams: [streams[0]] })
      await step({ curated: tinyBatch('curated') }, { learningRate: 0.01 })
      const after = await read(model.variables)
      expect(after['noisy.weight']).toEqual(before['noisy.weight'])
      expect(after['curated.weight']).not.toEqual(before['curated.weight'])
      expect(Object.keys(await optimizer.state()).filter((key) => key.includes('noisy'))).toEqual([])
      optimizer.dispose()
      model.dispose()
    })
  })

  test('tensors of a batch stay the caller’s; steps leak nothing', async () => {
    const model = tinyModel()
    const optimizer = adam()
    const step = createTrainStep({ model, optimizer, streams: [streams[0]] })
    const { input, targets } = tinyBatch('curated')
    const tensors = { input: tf.tensor(input.data, input.shape), targets: tf.tensor(targets.data, targets.shape) }
    await step({ curated: tensors }, { learningRate: 0.01 })
    await expectNoLeaks(async () => {
      for (let i = 0; i < 5; i++) await step({ curated: tensors }, { learningRate: 0.01 })
    })
    expect(tensors.input.isDisposed || tensors.targets.isDisposed).toBe(false)
    tf.dispose([tensors.input, tensors.targets])
    optimizer.dispose()
    model.dispose()
  })

  test('a loss that is not finite names its stream and leaves the weights', async () => {
    await expectNoLeaks(async () => {
      const model = tinyModel()
      const optimizer = adam()
      const step = createTrainStep({ model, optimizer, streams })
      const bad = tinyBatch('noisy', 6)
      bad.input.data[5] = NaN
      const before = await read(model.variables)
      const error = await step({ ...batches(), noisy: bad }, { learningRate: 0.1 }).then(
        () => undefined,
        (e: unknown) => e,
      )
      expect(error).toBeInstanceOf(TrainError)
      expect((error as TrainError).code).toBe('non-finite')
      expect((error as TrainError).message).toContain("stream 'noisy' is NaN")
      const after = await read(model.variables)
      for (const name of model.trainable) expect(after[name]).toEqual(before[name])
      // and the step can be used again
      await step({ ...batches() }, { learningRate: 0 }).catch(() => undefined)
      optimizer.dispose()
      model.dispose()
    })
  })

  test('a forward pass or a loss that throws leaks nothing', async () => {
    const model = tinyModel()
    const optimizer = adam()
    const throwing = createTrainStep({ model, optimizer, streams: [streams[0], { name: 'noisy', head: 'no such', loss: 'bce' }] })
    const shapes = createTrainStep({ model, optimizer, streams: streams.slice(0, 2) })
    const { curated, noisy } = batches()
    await expectNoLeaks(async () => {
      await expect(throwing({ curated, noisy }, { learningRate: 1 })).rejects.toThrow('no head no such')
      const targets = { data: new Float32Array(12), shape: [6, 2] }
      await expect(shapes({ curated, noisy: { input: noisy.input, targets } }, { learningRate: 1 })).rejects.toThrow('boundedBce: targets')
    })
    optimizer.dispose()
    model.dispose()
  })
})
