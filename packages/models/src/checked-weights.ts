import { ModelError } from './errors.js'
import { completeModelConfig, type ModelConfig } from './model-config.js'
import type { NamedArray } from './named-array.js'
import { ownTensors } from './own-tensors.js'
import { fromTorchLayout } from './torch-layout.js'
import { weightSpecs, type WeightSpec } from './weight-specs.js'

const list = (names: readonly string[]): string => `${names.length} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`

/** Checks all names, shapes and numbers, then gives the values of a weight in this package's order. */
export function checkedWeights(
  caller: string,
  config: ModelConfig,
  given: Readonly<Record<string, NamedArray>>,
): (spec: WeightSpec) => Float32Array {
  const complete = completeModelConfig(config)
  const specs = weightSpecs(complete)
  const known = new Set(specs.map(({ name }) => name))
  const tensors = ownTensors(caller, complete, given)
  const missing = specs.filter(({ name }) => !Object.hasOwn(tensors, name)).map(({ name }) => name)
  const foreign = Object.keys(tensors).filter((name) => !known.has(name))
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
    if (data instanceof Float64Array && data.some((value) => Number.isFinite(value) && !Number.isFinite(Math.fround(value)))) {
      throw new ModelError('weights', `${caller}: ${name} must hold numbers in the range of float32, got larger ones. Scale them down.`)
    }
  }
  return (spec) => fromTorchLayout(spec, Float32Array.from(tensors[spec.name].data as Float32Array))
}
