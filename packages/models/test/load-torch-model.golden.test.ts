import { createHash } from 'node:crypto'
import * as tf from '@tensorflow/tfjs-core'
import { decodeSafetensors, inferModelConfig, loadTorchModel, loadWeights, saveModel } from '@audiotag/models'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import { expect, test } from 'vitest'
import { checkpointSet, readCheckpoint } from './checkpoint-set.js'
import { architectureOf, goldenInput } from './golden-net.js'

const files = checkpointSet.files.filter(({ outcome, net }) => outcome === 'ok' && net !== undefined)
/** The repository's files are thinned, the full set's are not. */
const values = (logits: { values?: readonly number[]; float64?: readonly number[] }): readonly number[] =>
  (logits.values ?? logits.float64)!

const hash = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(files)('$file: $about: the model gives PyTorch’s logits', async (entry) => {
    const { net, options, input, logits } = checkpointSet.nets[entry.net!]
    const { tensors } = await readCheckpoint(entry)
    await expectNoLeaks(async () => {
      const model = loadTorchModel(tensors, { activation: 'sigmoid' })
      const { heads = 2, classes = 80, width } = options
      expect(model.config).toMatchObject({ architecture: architectureOf(net), classes, width, heads: ['curated', 'noisy'].slice(0, heads) })
      const x = goldenInput(net, checkpointSet.seed, input)
      const outputs = Object.values(logits)
      expect(outputs).toHaveLength(heads)
      for (const [index, golden] of outputs.entries()) {
        const y = model.forward(x, { head: model.config.heads[index] })
        expectClose((await y.data()) as Float32Array, values(golden), { absolute: golden.tolerance })
        y.dispose()
      }
      x.dispose()
      model.dispose()
    })
  })
})

test('what is written back has PyTorch’s bits, without the copies', async () => {
  const { tensors } = await readCheckpoint({ file: 'resnet34-authors.pth' })
  const model = loadTorchModel(tensors, { activation: 'sigmoid' })
  const saved = decodeSafetensors(await saveModel(model)).tensors
  const own = Object.keys(tensors).filter((name) => !name.startsWith('base_model.'))
  expect(Object.keys(saved).sort()).toEqual(own.sort())
  for (const name of own.filter((each) => !each.endsWith('num_batches_tracked'))) {
    expect([name, saved[name].shape, hash(saved[name].data)]).toEqual([name, tensors[name].shape, hash(tensors[name].data)])
  }
  const other = loadTorchModel(saved, { activation: 'softmax' })
  other.variables.get('conv1.weight')!.assign(tf.zeros([7, 7, 1, 4]))
  loadWeights(other, tensors)
  expect(decodeSafetensors(await saveModel(other)).tensors).toEqual(saved)
  expect(inferModelConfig(tensors)).toEqual(inferModelConfig(saved))
  model.dispose()
  other.dispose()
})
