import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers' // registers the gradients of tfjs-core
import { decodeSafetensors, saveModel, type TaggingModel } from '@audiotag/models'
import { describeBackends, expectClose, expectNoLeaks, goldenLabels } from '@audiotag/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { fastFilterGradientOnCpu } from './fast-filter-gradient.js'
import { expectEvaluation, goldenInput, goldenModel, goldenNet, type GoldenNet, type GoldenTraining } from './golden-net.js'

const nets = ['resnet18-w8', 'resnet34-w8', 'seresnext50-w8', 'envnet-w8']

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], (backend) => {
  // The third and longest input is left to the others: cpu and SwiftShader are slow.
  test.each(nets)(
    'logits of %s equal PyTorch’s',
    async (id) => expectEvaluation(goldenNet(id), backend === 'cpu' || backend === 'webgpu' ? 2 : 3),
    60_000,
  )
})

const slow = process.env['SLOW'] === '1'
if (!slow) process.stdout.write('full width on cpu, and its longest inputs: run in pnpm test:slow\n')

describeBackends(slow ? ['cpu', 'wasm', 'tensorflow', 'webgpu'] : ['wasm', 'tensorflow', 'webgpu'], (backend) => {
  // SwiftShader takes long for ResNet34.
  test.each(!slow && backend === 'webgpu' ? ['envnet'] : ['resnet34', 'envnet'])(
    'logits of %s at full width equal PyTorch’s',
    async (id) => expectEvaluation(goldenNet(id), slow ? 3 : 2),
    900_000,
  )
})

/** BCE with logits, mean over batch and classes, summed over the heads. */
function lossOf(model: TaggingModel, net: GoldenNet, training: GoldenTraining, x: tf.Tensor): tf.Scalar {
  const losses = net.headNames.map((head) => {
    const { name, shape, density } = training.targets[head]
    const targets = tf.tensor2d(goldenLabels(name, shape, { seed: net.seed, density }), shape)
    const logits = model.forward(x, { head, training: true })
    return tf.mean<tf.Scalar>(tf.sub(tf.softplus(logits), tf.mul(targets, logits)))
  })
  return losses.reduce((sum, loss) => tf.add(sum, loss)) // tf.addN has no gradient
}

/** Gradients by PyTorch's names, in PyTorch's order: through a copy of the model that holds them as weights. */
async function torchGradients(net: GoldenNet, model: TaggingModel, gradients: tf.NamedTensorMap): Promise<Map<string, Float32Array>> {
  const holder = goldenModel(net)
  for (const name of model.trainable) {
    const variable = model.variables.get(name) as tf.Variable
    holder.variables.get(name)?.assign(gradients[variable.name])
  }
  const { tensors } = decodeSafetensors(await saveModel(holder))
  holder.dispose()
  return new Map(model.trainable.map((name) => [name, tensors[name].data as Float32Array]))
}

// The stock wasm backend has no gradient of convolutions.
describeBackends(['cpu', 'tensorflow', 'webgpu'], (backend) => {
  if (backend === 'cpu') beforeAll(fastFilterGradientOnCpu)
  describe.each(nets)('%s in training', (id) => {
    const net = goldenNet(id)
    const training = net.training as GoldenTraining

    test('one pass: logits and running statistics', async () => {
      const model = goldenModel(net)
      const [head] = net.headNames
      const { values, tolerance } = training.logits[head]
      const logits = tf.tidy(() => model.forward(goldenInput(net.net, net.seed, training.input), { head, training: true }))
      expectClose((await logits.data()) as Float32Array, values, { absolute: tolerance })
      for (const [norm, { runningMean, runningVariance, tolerance }] of Object.entries(training.batchNorms)) {
        const first = async (name: string): Promise<Float32Array> =>
          (await (model.variables.get(name) as tf.Variable).data()).slice(0, 8) as Float32Array
        expectClose(await first(`${norm}.running_mean`), runningMean, { absolute: tolerance })
        expectClose(await first(`${norm}.running_var`), runningVariance, { absolute: tolerance })
      }
      logits.dispose()
      model.dispose()
    })

    test('loss and gradients', async () => {
      await expectNoLeaks(async () => {
        const model = goldenModel(net)
        const variables = model.trainable.map((name) => model.variables.get(name) as tf.Variable)
        const x = goldenInput(net.net, net.seed, training.input)
        const { value, grads } = tf.variableGrads(() => lossOf(model, net, training, x), variables)
        const losses = Object.values(training.losses)
        const loss = losses.reduce((sum, { values }) => sum + values[0], 0)
        expectClose(await value.data(), [loss], { absolute: losses.reduce((sum, { tolerance }) => sum + tolerance, 0) })

        const found = await torchGradients(net, model, grads)
        expect([...found.keys()].sort()).toEqual(Object.keys(training.gradients).sort())
        for (const [name, { norm, sum, first, tolerance }] of Object.entries(training.gradients)) {
          const gradient = found.get(name) as Float32Array
          expectClose(gradient.slice(0, first.length), first, { absolute: tolerance })
          expectClose([Math.hypot(...gradient)], [norm], { absolute: tolerance })
          expectClose([gradient.reduce((total, g) => total + g, 0)], [sum], { absolute: tolerance * Math.sqrt(gradient.length) })
        }
        for (const [name, { values, tolerance }] of Object.entries(training.wholeGradients)) {
          expectClose(found.get(name) as Float32Array, values, { absolute: tolerance })
        }
        tf.dispose([value, x, grads])
        model.dispose()
      })
    }, 60_000)
  })
})
