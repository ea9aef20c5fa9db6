import { architectures, createModel, loadModel, saveModel, type Architecture, type TaggingModel } from '@audiotag/models'
import { describeBackends, expectClose } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded } from './seeded.js'

const tiny = (architecture: Architecture, more: object = {}): TaggingModel =>
  createModel({ architecture, classes: 3, width: 1 / 16, activation: 'sigmoid', ...more }, { rng: seeded(1) })

/** Running statistics away from 0 and 1, so that a shift that is forgotten shows. */
async function trained(architecture: Architecture): Promise<TaggingModel> {
  const model = tiny(architecture, { dropout: [0, 0] })
  const x = architecture === 'envnet2' ? clip(7, [2, 20570]) : clip(7, [3, 16, 20, 1])
  tf.dispose([model.forward(x, { training: true }), x])
  return model
}

function clip(seed: number, shape: number[]): tf.Tensor {
  const rng = seeded(seed)
  const size = shape.reduce((product, n) => product * n, 1)
  return tf.tensor(
    Float32Array.from({ length: size }, () => 2 * rng() - 1),
    shape,
  )
}

const filler = (shape: number[], value: number): tf.Tensor => tf.add(tf.zeros(shape), value)

const logMel = (['resnet18', 'seresnext50'] as const).map((architecture) => ({ architecture, min: architectures[architecture].minLength }))
const timeout = 60_000

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], (backend) => {
  /** The same bits; on TensorFlow and WebGPU, whose sums depend on the shape of the whole, the same but for rounding. */
  const expectSame = (together: ArrayLike<number>, alone: readonly ArrayLike<number>[]): void => {
    const expected = alone.flatMap((logits) => Array.from(logits))
    if (backend === 'cpu' || backend === 'wasm') expect(Array.from(together)).toEqual(expected)
    else expectClose(Array.from(together), expected, { absolute: 1e-6, relative: 1e-5 })
  }
  const numRuns = backend === 'cpu' || backend === 'webgpu' ? 4 : 12

  test.each(logMel)(
    '$architecture: a padded batch gives each clip what it gives alone, to the last bit',
    { timeout },
    async ({ architecture, min }) => {
      const model = await trained(architecture)
      const cases = fc.record({
        lengths: fc.array(fc.integer({ min, max: 40 }), { minLength: 1, maxLength: 4 }),
        spare: fc.integer({ min: 0, max: 9 }),
        mels: fc.integer({ min: 3, max: 20 }),
        padding: fc.constantFrom(0, 1e6, -3, NaN, Infinity),
      })
      await fc.assert(
        fc.asyncProperty(cases, async ({ lengths, spare, mels, padding }) => {
          const frames = Math.max(...lengths) + spare
          const clips = lengths.map((length, i) => clip(i + 2, [1, mels, length, 1]))
          const padded = clips.map((x, i) => tf.concat([x, filler([1, mels, frames - lengths[i], 1], padding)], 2))
          const together = await model.forward(tf.concat(padded, 0), { lengths: Int32Array.from(lengths) }).data()
          const alone = await Promise.all(clips.map((x) => model.forward(x).data()))
          expectSame(together, alone)
        }),
        { numRuns },
      )
      model.dispose()
    },
  )

  test('envnet2: a padded batch gives each clip what it gives alone, to the last bit', { timeout }, async () => {
    const model = await trained('envnet2')
    const lengths = [20570, 22001, 24000]
    const clips = lengths.map((length, i) => clip(i + 2, [1, length]))
    const padded = clips.map((x, i) => tf.concat([x, filler([1, 24100 - lengths[i]], i === 0 ? NaN : 5)], 1))
    const together = await model.forward(tf.concat(padded, 0), { lengths }).data()
    const alone = await Promise.all(clips.map((x) => model.forward(x).data()))
    expectSame(together, alone)
    model.dispose()
  })

  test.each(logMel)('$architecture: n clips give what n batches of one give', { timeout }, async ({ architecture, min }) => {
    const model = await trained(architecture)
    const cases = fc.record({
      batch: fc.integer({ min: 1, max: 5 }),
      frames: fc.integer({ min, max: 33 }),
      mels: fc.integer({ min, max: 24 }),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ batch, frames, mels }) => {
        const x = clip(batch + frames, [batch, mels, frames, 1])
        const together = await model.forward(x).data()
        const alone = await Promise.all(tf.split(x, batch).map((one) => model.forward(one).data()))
        expectClose(
          together,
          alone.flatMap((logits) => Array.from(logits)),
          { absolute: 1e-5, relative: 1e-5 },
        )
      }),
      { numRuns },
    )
    model.dispose()
  })
})

describeBackends(['wasm'], () => {
  test.each(['resnet18', 'resnet34', 'seresnext50'] as const)(
    '%s takes every length from its minimum up',
    { timeout },
    async (architecture) => {
      const model = tiny(architecture)
      for (let frames = model.minLength; frames < model.minLength + 70; frames++) {
        const y = tf.tidy(() => model.forward(clip(frames, [1, 9, frames, 1])))
        expect((await y.data()).every(Number.isFinite)).toBe(true)
        y.dispose()
      }
      model.dispose()
    },
  )

  test('envnet2 takes lengths from its minimum up', { timeout }, async () => {
    const model = tiny('envnet2')
    for (const samples of [20570, 20571, 20699, 20825, 20826, 21338, 22107, 30001]) {
      const y = tf.tidy(() => model.forward(clip(samples, [1, samples])))
      expect((await y.data()).every(Number.isFinite)).toBe(true)
      y.dispose()
    }
    model.dispose()
  })

  test('what is saved and loaded is equal to the last bit, for any configuration', { timeout }, async () => {
    const configs = fc.record({
      architecture: fc.constantFrom(...(Object.keys(architectures) as Architecture[])),
      classes: fc.integer({ min: 1, max: 9 }),
      heads: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
      width: fc.double({ min: 0.01, max: 0.07, noNaN: true }),
      activation: fc.constantFrom('sigmoid' as const, 'softmax' as const),
    })
    await fc.assert(
      fc.asyncProperty(configs, fc.integer({ min: 1, max: 1e6 }), async (config, seed) => {
        const model = createModel(config, { rng: seeded(seed) })
        const bytes = await saveModel(model)
        const loaded = loadModel(bytes)
        expect(loaded.config).toEqual(model.config)
        for (const [name, variable] of model.variables) {
          const [before, after] = await Promise.all([variable.data(), loaded.variables.get(name)?.data()])
          expect(Buffer.compare(Buffer.from(before.buffer), Buffer.from((after as Float32Array).buffer))).toBe(0)
        }
        expect(Buffer.compare(await saveModel(loaded), bytes)).toBe(0)
        model.dispose()
        loaded.dispose()
      }),
      { numRuns: 12 },
    )
  })
})
