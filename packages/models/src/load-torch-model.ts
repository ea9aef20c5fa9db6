import { checkedWeights } from './checked-weights.js'
import { buildModel } from './create-model.js'
import { inferModelConfig } from './infer-model-config.js'
import type { ModelConfig } from './model-config.js'
import type { NamedArray } from './named-array.js'
import type { TaggingModel } from './tagging-model.js'

/**
 * Makes a model of a PyTorch state_dict: the same weights to the last bit, in this package's layout. What the configuration leaves out (architecture, width, heads,
 * classes) is told from names and shapes.
 *
 * The names are those of `saveModel`. Taken off: the prefix `module.` of `nn.DataParallel`, the counters of batch norms, and of the authors' ResNets `base_model.*`, a second
 * copy of the encoder (it must be bit-equal) and two unused layers. Everything else must belong to the model. float16 and bfloat16 come widened from the readers,
 * float64 is rounded to float32.
 *
 * @param tensors what `decodeTorchCheckpoint` or `decodeSafetensors` gives
 * @param config the activation, which no file of PyTorch holds, and anything that is to be other than told
 * @throws {ModelError} `weights`: names, shapes or numbers that do not belong to a network of this package. `config`: a field that is unknown or out of range.
 * @example
 * import '@tensorflow/tfjs-backend-cpu'
 * import { createModel, decodeSafetensors, loadTorchModel, saveModel } from '@audiotag/models'
 *
 * const trained = createModel({ architecture: 'resnet18', classes: 5, width: 1 / 16, activation: 'sigmoid' }, { rng: () => 0.25 })
 * const { tensors } = decodeSafetensors(await saveModel(trained)) // or: await decodeTorchCheckpoint(bytes)
 * const model = loadTorchModel(tensors, { activation: 'sigmoid' })
 * model.config.width // => 0.0625
 */
export function loadTorchModel(
  tensors: Readonly<Record<string, NamedArray>>,
  config: Partial<ModelConfig> & Pick<ModelConfig, 'activation'>,
): TaggingModel {
  const whole: ModelConfig = { ...inferModelConfig(tensors), ...config }
  return buildModel(whole, checkedWeights('loadTorchModel', whole, tensors))
}
