import * as tf from '@tensorflow/tfjs-core'
import { buildModel } from './create-model.js'
import { ModelError } from './errors.js'
import { completeModelConfig, type ModelConfig } from './model-config.js'
import type { NamedArray } from './named-array.js'
import { decodeSafetensors } from './safetensors.js'
import { CONFIG_KEY } from './save-model.js'
import type { TaggingModel } from './tagging-model.js'
import { fromTorchLayout } from './torch-layout.js'
import { weightSpecs, type WeightSpec } from './weight-specs.js'

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
 * Puts the weights of a safetensors file with PyTorch's names and layouts into a model, whoever wrote the file.
 *
 * @throws {ModelError} `file`: not a safetensors file. `weights`: names or shapes that do not belong to the model. Then nothing has changed.
 */
export function loadWeights(model: TaggingModel, bytes: Uint8Array): void {
  const valuesOf = checkedWeights('loadWeights', model.config, decodeSafetensors(bytes).tensors)
  for (const spec of weightSpecs(model.config)) {
    const variable = model.variables.get(spec.name)
    if (variable === undefined || variable.isDisposed) {
      throw new ModelError('disposed', `loadWeights: ${spec.name} must exist, got none: the model has been disposed. Make another one.`)
    }
    tf.tidy(() => variable.assign(tf.tensor(valuesOf(spec), [...spec.shape])))
  }
}

const list = (names: readonly string[]): string => `${names.length} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`

/** Checks all names and shapes, then gives the values of a weight in this package's order. */
function checkedWeights(caller: string, config: ModelConfig, tensors: Record<string, NamedArray>): (spec: WeightSpec) => Float32Array {
  const specs = weightSpecs(completeModelConfig(config))
  const known = new Set(specs.map(({ name }) => name))
  const missing = specs.filter(({ name }) => !Object.hasOwn(tensors, name)).map(({ name }) => name)
  const foreign = Object.keys(tensors).filter((name) => !known.has(name) && !name.endsWith('.num_batches_tracked'))
  if (missing.length > 0 || foreign.length > 0) {
    throw new ModelError(
      'weights',
      `${caller}: the file must hold the weights of the configuration, got ${list(missing)} missing and ${list(foreign)} unknown. Check architecture and heads.`,
    )
  }
  for (const { name, torchShape } of specs) {
    const { data, shape } = tensors[name]
    if (shape.length !== torchShape.length || shape.some((n, axis) => n !== torchShape[axis])) {
      throw new ModelError(
        'weights',
        `${caller}: ${name} must have the shape [${torchShape.join(', ')}], got [${shape.join(', ')}]. Check width and classes.`,
      )
    }
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      throw new ModelError(
        'weights',
        `${caller}: ${name} must hold floating-point numbers, got ${data.constructor.name}. Convert the file.`,
      )
    }
  }
  return (spec) => fromTorchLayout(spec, Float32Array.from(tensors[spec.name].data as Float32Array))
}
