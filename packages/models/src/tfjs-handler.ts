import type * as tf from '@tensorflow/tfjs-core'
import { ModelError } from './errors.js'
import { layersTopology, type LayerWeight } from './layers-topology.js'
import type { TaggingModel } from './tagging-model.js'

/** What `tfjsHandler` exports. */
export interface TfjsHandlerOptions {
  /** Which head; default the first. */
  readonly head?: string
  /** JSON-safe facts that travel with the model as `userDefinedMetadata` (labels, sample rate, mel settings …), beside its configuration. */
  readonly metadata?: Readonly<Record<string, {}>>
}

/**
 * Gives a model to `tf.loadLayersModel` as a graph of stock layers: no class to register, in any page that has tfjs-layers. `model.save(…)` of the
 * result writes the usual `model.json`. Input as in `forward` (waveforms `[batch, samples]`), any length; output: the probabilities of `predict`.
 *
 * tf.layers has no grouped convolution, so those of SE-ResNeXt-50 become dense ones with zeros between the groups: 291 instead of 115 MB at full width.
 *
 * @throws {ModelError} `head`: not one of the model's. On loading, `disposed`: the model has been disposed.
 * @example
 * import * as tf from '@tensorflow/tfjs-core'
 * import { loadLayersModel } from '@tensorflow/tfjs-layers'
 * import '@tensorflow/tfjs-backend-cpu'
 * import { createModel, tfjsHandler } from '@audiotag/models'
 *
 * const model = createModel({ architecture: 'resnet18', classes: 5, width: 1 / 16, activation: 'softmax' }, { rng: () => 0.25 })
 * const layersModel = await loadLayersModel(tfjsHandler(model))
 * layersModel.predict(tf.zeros([2, 64, 32, 1])).shape // => [2, 5]
 */
export function tfjsHandler(model: TaggingModel, options: TfjsHandlerOptions = {}): tf.io.IOHandler {
  const { head = model.config.heads[0], metadata } = options
  const index = model.config.heads.indexOf(head)
  if (index < 0) {
    throw new ModelError(
      'head',
      `tfjsHandler: head must be one of ${model.config.heads.join(', ')}, got ${head}. Name one of the model's heads.`,
    )
  }
  return { load: () => artifacts(model, index, { ...metadata, audiotagModel: { ...model.config, heads: [head] } }) }
}

async function artifacts(model: TaggingModel, head: number, userDefinedMetadata: Record<string, {}>): Promise<tf.io.ModelArtifacts> {
  const { layers, weights, input, output } = layersTopology(model.config, head)
  const weightSpecs: tf.io.WeightsManifestEntry[] = weights.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' }))
  const data = new Float32Array(weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0))
  let position = 0
  for (const weight of weights) {
    const variable = model.variables.get(weight.variable)
    if (variable === undefined || variable.isDisposed) {
      throw new ModelError(
        'disposed',
        `tfjsHandler: ${weight.variable} must exist, got none: the model has been disposed. Load before that.`,
      )
    }
    const values = (await variable.data()) as Float32Array
    data.set(weight.groups === 1 ? values : spreadGroups(values, weight), position)
    position += sizeOf(weight.shape)
  }
  const config = { name: model.config.architecture, layers, input_layers: [[input, 0, 0]], output_layers: [[output, 0, 0]] }
  return {
    modelTopology: { class_name: 'Functional', config, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' },
    weightSpecs,
    weightData: data.buffer,
    format: 'layers-model',
    generatedBy: '@audiotag/models',
    userDefinedMetadata,
  }
}

/** `[height, width, in / groups, out]` → `[height, width, in, out]`, zero where input and output belong to different groups. */
function spreadGroups(filter: Float32Array, { shape: [height, width, inputs, outputs], groups }: LayerWeight): Float32Array {
  const channels = inputs / groups
  const result = new Float32Array(height * width * inputs * outputs)
  for (let k = 0; k < height * width; k++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let output = 0; output < outputs; output++) {
        const group = Math.floor((output * groups) / outputs)
        result[(k * inputs + group * channels + channel) * outputs + output] = filter[(k * channels + channel) * outputs + output]
      }
    }
  }
  return result
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1)
}
