import { createModel } from '@audiotag/models'
import { adam, sgd, type Optimizer } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import { bench, describe } from 'vitest'
import { without } from './stock-kernels.js'

// One update of every weight of ResNet34 at an eighth of its width (110 variables, 0.36 M numbers), two heads, on wasm.
const model = createModel(
  { architecture: 'resnet34', classes: 80, width: 1 / 8, heads: ['curated', 'noisy'], activation: 'sigmoid' },
  { rng: () => 0.3 },
)
const gradients = Object.fromEntries(
  model.trainable.map((name) => [name, tf.keep(tf.mul(tf.ones(model.variables.get(name)!.shape), 1e-3))]),
)
const variables = new Map(model.trainable.map((name) => [name, model.variables.get(name)!]))

const stock = (optimizer: tf.Optimizer): (() => void) => {
  const named = Object.fromEntries([...variables].map(([name, variable]) => [variable.name, gradients[name]]))
  return () => optimizer.applyGradients(named)
}
const own = (optimizer: Optimizer) => (): void => optimizer.apply(variables, gradients, 1e-6)

describe('Adam, ResNet34 at width 1/8', () => {
  bench('kernel of @audiotag/backend', own(adam()))
  bench('composed', own(adam()), without(['AudiotagAdam']))
  bench('tf.train.adam', stock(tf.train.adam(1e-6)))
})

describe('SGD with Nesterov momentum, ResNet34 at width 1/8', () => {
  bench('kernel of @audiotag/backend', own(sgd({ momentum: 0.9, nesterov: true })))
  bench('composed', own(sgd({ momentum: 0.9, nesterov: true })), without(['AudiotagSgd']))
  bench('tf.train.momentum', stock(tf.train.momentum(1e-6, 0.9, true)))
})
