import { ModelError } from './errors.js'
import type { NamedArray } from './named-array.js'
import { encodeSafetensors } from './safetensors.js'
import type { TaggingModel } from './tagging-model.js'
import { toTorchLayout } from './torch-layout.js'
import { weightSpecs } from './weight-specs.js'

/** Metadata key under which a file holds the model's configuration, as JSON. */
export const CONFIG_KEY = 'audiotag.model'

/** What else to write. */
export interface SaveModelOptions {
  /** More free text by name, e.g. labels as JSON. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * The model as a safetensors file with PyTorch's names, shapes and element order: `load_state_dict` takes it as it is. The configuration is
 * in the metadata. Equal weights give equal bytes. PyTorch's batch counters (`num_batches_tracked`), which nothing here uses, are written as 0.
 *
 * @throws {ModelError} `weights`: metadata uses the key of the configuration. `disposed`.
 */
export async function saveModel(model: TaggingModel, { metadata = {} }: SaveModelOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  if (Object.hasOwn(metadata, CONFIG_KEY)) {
    throw new ModelError('weights', `saveModel: metadata must leave the key ${CONFIG_KEY} free, got it. Rename yours.`)
  }
  const tensors: Record<string, NamedArray> = {}
  for (const spec of weightSpecs(model.config)) {
    const variable = model.variables.get(spec.name)
    if (variable === undefined || variable.isDisposed) {
      throw new ModelError('disposed', `saveModel: ${spec.name} must exist, got none: the model has been disposed. Save it before.`)
    }
    const data = (await variable.data()) as Float32Array
    tensors[spec.name] = { data: toTorchLayout(spec, data), shape: spec.torchShape }
    if (spec.name.endsWith('.running_var')) {
      tensors[spec.name.replace('running_var', 'num_batches_tracked')] = { data: BigInt64Array.of(0n), shape: [] }
    }
  }
  return encodeSafetensors(tensors, { format: 'pt', ...metadata, [CONFIG_KEY]: JSON.stringify(model.config) })
}
