import * as tf from '@tensorflow/tfjs-core'
import { architectures } from './architectures.js'
import { encode } from './encode.js'
import { encoderGraph } from './encoder-graph.js'
import { ModelError } from './errors.js'
import { headForward } from './head-forward.js'
import { initialWeights, type ConvolutionInit } from './initial-weights.js'
import { completeModelConfig, type ModelConfig } from './model-config.js'
import { checkedInput, checkedLengths } from './model-input.js'
import type { Rng } from './rng.js'
import type { ForwardOptions, PredictOptions, TaggingModel } from './tagging-model.js'
import { headLayers, weightSpecs, type WeightSpec } from './weight-specs.js'

/** What `createModel` needs besides the configuration. */
export interface CreateModelOptions {
  /** Draws the initial weights: uniform in [0, 1). */
  readonly rng: Rng
  /**
   * How the convolutions of ResNets start; batch norm hides the scale from the output, but Adam's steps are relative to it: narrow networks learn
   * several times faster from `'kaimingUniform'`. Default `'kaimingFanOut'`, the authors'. EnvNet and SE-ResNeXt always start as PyTorch's layers do.
   */
  readonly convolutionInit?: ConvolutionInit
}

/**
 * Makes a network with fresh weights: PyTorch's initial distributions, drawn from `rng`.
 *
 * The caller disposes the model. Several models can live side by side, of one configuration or of many.
 *
 * @throws {ModelError} `config`: a field is missing, unknown or out of range. `randomness`: `rng` is not a function.
 * @example
 * import * as tf from '@tensorflow/tfjs-core'
 * import '@tensorflow/tfjs-backend-cpu'
 * import { createModel } from '@audiotag/models'
 *
 * const model = createModel({ architecture: 'resnet18', classes: 5, width: 1 / 16, activation: 'sigmoid' }, { rng: () => 0.25 })
 * const probabilities = model.predict(tf.zeros([2, 64, 32, 1]))
 * probabilities.shape // => [2, 5]
 * model.dispose()
 */
export function createModel(config: ModelConfig, { rng, convolutionInit = 'kaimingFanOut' }: CreateModelOptions): TaggingModel {
  if (typeof rng !== 'function') {
    throw new ModelError('randomness', `createModel: rng must be a function, got ${typeof rng}. Pass one that returns numbers in [0, 1).`)
  }
  if (convolutionInit !== 'kaimingFanOut' && convolutionInit !== 'kaimingUniform') {
    throw new ModelError(
      'config',
      `createModel: convolutionInit must be 'kaimingFanOut' or 'kaimingUniform', got ${String(convolutionInit)}. Leave it out for the authors'.`,
    )
  }
  return buildModel(config, (spec) => initialWeights(spec, rng, convolutionInit))
}

let modelsMade = 0

/** Makes a model whose weights come from `valuesOf`, in this package's order. */
export function buildModel(partialConfig: ModelConfig, valuesOf: (spec: WeightSpec) => Float32Array): TaggingModel {
  const config = completeModelConfig(partialConfig)
  const specs = weightSpecs(config)
  const graph = encoderGraph(config)
  const heads = config.heads.map((_, index) => headLayers(config, index, graph))
  const { minLength } = architectures[config.architecture]

  // TensorFlow.js refuses a second variable of the same name in the whole process.
  const prefix = `audiotag${modelsMade++}`
  const variables = new Map<string, tf.Variable>()
  let disposed = false
  const dispose = (): void => {
    if (!disposed) for (const variable of variables.values()) variable.dispose()
    disposed = true
  }
  try {
    for (const spec of specs) {
      const initial = tf.tensor(valuesOf(spec), [...spec.shape])
      variables.set(spec.name, tf.variable(initial, spec.trainable, `${prefix}/${spec.name}`))
      initial.dispose()
    }
  } catch (error) {
    dispose()
    throw error
  }

  const forward = (input: tf.Tensor, options: ForwardOptions = {}): tf.Tensor2D => {
    const { head = config.heads[0], training = false, activations = 'keep', rng, lengths } = options
    if (disposed) throw new ModelError('disposed', 'forward: the model has been disposed. Make or load another one.')
    const layers = heads[config.heads.indexOf(head)]
    if (layers === undefined) {
      throw new ModelError('head', `forward: head must be one of ${config.heads.join(', ')}, got ${head}. Name one of the model's heads.`)
    }
    const drops = training && config.dropout.some((p) => p > 0)
    if (drops && rng === undefined) {
      throw new ModelError('randomness', 'forward: training with dropout needs rng, got none. Pass one, or set dropout to [0, 0].')
    }
    if (activations !== 'keep' && !(activations === 'recompute' && training)) {
      throw new ModelError(
        'activations',
        `forward: activations must be 'keep' or, with training: true, 'recompute', got ${activations} with training: ${training}. Leave it out.`,
      )
    }
    const shaped = checkedInput(config.architecture, input)
    const valid =
      lengths === undefined ? undefined : checkedLengths(lengths, { training, batch: input.shape[0], time: shaped.time, minLength })
    return tf.tidy(() => {
      const features = encode(graph, variables, tf.reshape(input, shaped.shape), {
        training,
        lengths: valid,
        recomputes: activations === 'recompute',
      })
      return headForward(variables, layers, features, drops && rng ? { probabilities: config.dropout, rng } : undefined)
    })
  }
  const predict = (input: tf.Tensor, options: PredictOptions = {}): tf.Tensor2D =>
    tf.tidy(() => {
      const logits = forward(input, options)
      return config.activation === 'sigmoid' ? tf.sigmoid(logits) : tf.softmax(logits)
    })
  const trainable = Object.freeze(specs.filter((spec) => spec.trainable).map(({ name }) => name))
  return Object.freeze({ config, variables, trainable, minLength, forward, predict, dispose })
}
