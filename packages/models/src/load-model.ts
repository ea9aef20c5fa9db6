import * as tf from '@tensorflow/tfjs-core'
import { checkedWeights } from './checked-weights.js'
import { buildModel } from './create-model.js'
import { ModelError } from './errors.js'
import type { ModelConfig } from './model-config.js'
import type { NamedArray } from './named-array.js'
import { decodeSafetensors } from './safetensors.js'
import { CONFIG_KEY } from './save-model.js'
import type { TaggingModel } from './tagging-model.js'
import { weightSpecs } from './weight-specs.js'

/**
 * Makes the model a file of `saveModel` holds: the same configuration, the same weights to the last bit.
 *
 * @throws {ModelError} `file`: not a safetensors file, or one without a configuration (then make the model with `createModel` and use
 *   `loadWeights`). `config`: a configuration this version does not know. `weights`: names or shapes that do not belong to it.
 */
export function loadModel(bytes: Uint8Array): TaggingModel {
  const { tensors, metadata } = decodeSafetensors(bytes)
  const text = metadata[CONFIG_KEY]
  if (text === undefined) {
    throw new ModelError(
      'file',
      `loadModel: the metadata must hold ${CONFIG_KEY}, got ${Object.keys(metadata).join(', ') || 'none'}. Make the model with createModel, then loadWeights.`,
    )
  }
  let config: ModelConfig
  try {
    config = JSON.parse(text) as ModelConfig
  } catch (cause) {
    throw new ModelError('file', `loadModel: ${CONFIG_KEY} must be JSON, got ${text.slice(0, 40)}. The file is damaged.`, { cause })
  }
  return buildModel(config, checkedWeights('loadModel', config, tensors))
}

/**
 * Puts weights with PyTorch's names and layouts into a model, whoever wrote them: a safetensors file, or what `decodeTorchCheckpoint` gives. The prefix `module.` of
 * `nn.DataParallel` and what the authors' ResNets hold twice are taken off, see `loadTorchModel`.
 *
 * @param weights the bytes of a safetensors file, or tensors by name
 * @throws {ModelError} `file`: not a safetensors file. `weights`: names or shapes that do not belong to the model, numbers beyond float32. Then nothing has changed.
 */
export function loadWeights(model: TaggingModel, weights: Uint8Array | Readonly<Record<string, NamedArray>>): void {
  const tensors = weights instanceof Uint8Array ? decodeSafetensors(weights).tensors : weights
  const valuesOf = checkedWeights('loadWeights', model.config, tensors)
  for (const spec of weightSpecs(model.config)) {
    const variable = model.variables.get(spec.name)
    if (variable === undefined || variable.isDisposed) {
      throw new ModelError('disposed', `loadWeights: ${spec.name} must exist, got none: the model has been disposed. Make another one.`)
    }
    tf.tidy(() => variable.assign(tf.tensor(valuesOf(spec), [...spec.shape])))
  }
}
