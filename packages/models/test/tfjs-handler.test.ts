import { architectures, createModel, tfjsHandler, type Architecture } from '@audiotag/models'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel, type LayersModel } from '@tensorflow/tfjs-layers'
import { expect, test } from 'vitest'
import { seeded } from './seeded.js'

const config = { classes: 4, width: 1 / 16, heads: ['a', 'b'], dropout: [0, 0] } as const

const clip = (seed: number, shape: number[]): tf.Tensor => {
  const rng = seeded(seed)
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => 2 * rng() - 1),
    shape,
  )
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(Object.keys(architectures) as Architecture[])(
    '%s: stock layers predict what the model predicts, at several lengths',
    async (architecture) => {
      await expectNoLeaks(async () => {
        const activation = architecture === 'envnet2' ? 'softmax' : 'sigmoid'
        const model = createModel({ ...config, architecture, activation }, { rng: seeded(1) })
        const { minLength } = model
        const shapes = architecture === 'envnet2' ? [[2, minLength], [1, 21500]] : [[2, 24, 18, 1], [1, 24, 19, 1], [1, 9, minLength, 1]] // prettier-ignore
        const train = clip(5, shapes[0])
        tf.dispose([model.forward(train, { training: true }), train]) // running statistics away from 0 and 1
        const layers = await loadLayersModel(tfjsHandler(model, { head: 'b', metadata: { labels: ['w', 'x', 'y', 'z'] } }))
        expect(layers.getUserDefinedMetadata()).toEqual({ labels: ['w', 'x', 'y', 'z'], audiotagModel: { ...model.config, heads: ['b'] } })
        for (const shape of shapes) {
          const x = clip(6, shape)
          const [expected, found] = [model.predict(x, { head: 'b' }), layers.predict(x) as tf.Tensor]
          expect(found.shape).toEqual(expected.shape)
          expectClose((await found.data()) as Float32Array, (await expected.data()) as Float32Array, { absolute: 1e-6 })
          tf.dispose([x, expected, found])
        }
        layers.dispose()
        model.dispose()
      })
    },
  )
})

test('what tf.layers saves is an ordinary model of stock layers', async () => {
  const model = createModel({ ...config, architecture: 'resnet18', activation: 'sigmoid' }, { rng: seeded(1) })
  const layers: LayersModel = await loadLayersModel(tfjsHandler(model))
  let saved: tf.io.ModelArtifacts | undefined
  await layers.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) }
    }),
  )
  const again = await loadLayersModel(tf.io.fromMemory(saved as tf.io.ModelArtifacts))
  const x = clip(3, [1, 20, 20, 1])
  expect(await (again.predict(x) as tf.Tensor).data()).toEqual(await (layers.predict(x) as tf.Tensor).data())
  expect(new Set(layers.layers.map((layer) => layer.getClassName()))).toEqual(
    new Set([
      'InputLayer',
      'ZeroPadding2D',
      'Conv2D',
      'BatchNormalization',
      'Activation',
      'MaxPooling2D',
      'Add',
      'GlobalMaxPooling2D',
      'Dense',
    ]),
  )
  tf.disposeVariables()
})

test('an unknown head and a disposed model are refused', async () => {
  const model = createModel({ ...config, architecture: 'resnet18', activation: 'sigmoid' }, { rng: seeded(1) })
  expect(() => tfjsHandler(model, { head: 'c' })).toThrow('tfjsHandler: head must be one of a, b, got c')
  const handler = tfjsHandler(model)
  model.dispose()
  await expect(loadLayersModel(handler)).rejects.toMatchObject({ code: 'disposed' })
})
