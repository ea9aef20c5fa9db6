import { architectures } from './architectures.js'
import { encoderGraph } from './encoder-graph.js'
import { ModelError } from './errors.js'
import type { CompleteModelConfig } from './model-config.js'
import type { NamedArray } from './named-array.js'
import { weightSpecs } from './weight-specs.js'

/** Prefix of every name that `nn.DataParallel` saves. */
const PARALLEL = 'module.'
/** The authors' ResNets hold their encoder under this name too: the same storages, and two layers that are never used. */
const DUPLICATE = 'base_model.'
const COUNTER = '.num_batches_tracked'

/** Names without the prefix of `nn.DataParallel`, if all of them have it. */
export function withoutParallelPrefix(tensors: Readonly<Record<string, NamedArray>>): Readonly<Record<string, NamedArray>> {
  const entries = Object.entries(tensors)
  if (entries.length === 0 || !entries.every(([name]) => name.startsWith(PARALLEL))) return tensors
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(PARALLEL.length), tensor]))
}

/**
 * A state_dict without what says nothing about a model: the prefix of `nn.DataParallel`, the counters of batch norms, and of the authors' ResNets the second copy of
 * the encoder and two unused layers. What is left may still be foreign.
 *
 * @source authors' `models.py`: `ResNet_hcq` keeps the pretrained network as `base_model`, with its own 3-channel `conv1` and its `last_linear`
 * @throws {ModelError} `weights`: a copy that is not bit-equal, an unused layer of another shape
 */
export function ownTensors(
  caller: string,
  config: CompleteModelConfig,
  given: Readonly<Record<string, NamedArray>>,
): Record<string, NamedArray> {
  const tensors = withoutParallelPrefix(given)
  const shapes = new Map(weightSpecs(config).map(({ name, torchShape }) => [name, torchShape]))
  const isCounter = (name: string): boolean => name.endsWith(COUNTER) && shapes.has(`${name.slice(0, -COUNTER.length)}.running_var`)
  const own = Object.entries(tensors).filter(([name, tensor]) => {
    if (isCounter(name)) return false
    const copied = name.slice(DUPLICATE.length)
    if (architectures[config.architecture].family !== 'resnet' || !name.startsWith(DUPLICATE)) return true
    const unused = unusedShape(config, copied)
    if (unused !== undefined) checkUnused(caller, name, tensor.shape, unused)
    else if ((shapes.has(copied) && !isHead(copied)) || isCounter(copied)) checkCopy(caller, name, tensor, tensors[copied])
    else return true
    return false
  })
  return Object.fromEntries(own)
}

const isHead = (name: string): boolean => name.startsWith('last_linear')

function unusedShape(config: CompleteModelConfig, name: string): readonly number[] | undefined {
  const { nodes, features } = encoderGraph(config)
  const [stem] = nodes
  if (name === 'conv1.weight' && stem.kind === 'convolution') return [stem.outputs, 3, ...stem.kernel]
  if (name === 'last_linear.weight') return [config.classes, features]
  return name === 'last_linear.bias' ? [config.classes] : undefined
}

function checkUnused(caller: string, name: string, shape: readonly number[], unused: readonly number[]): void {
  if (shape.join() === unused.join()) return
  throw new ModelError(
    'weights',
    `${caller}: ${name} must be the unused layer of the authors' ResNets, [${unused.join(', ')}], got [${shape.join(', ')}]. If it is none, take it out of the file.`,
  )
}

const bits = ({ data }: NamedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

function checkCopy(caller: string, name: string, copy: NamedArray, original: NamedArray | undefined): void {
  if (original !== undefined && copy.shape.join() === original.shape.join() && copy.data.constructor === original.data.constructor) {
    const [one, other] = [bits(copy), bits(original)]
    if (one.every((byte, i) => byte === other[i])) return
  }
  throw new ModelError(
    'weights',
    `${caller}: ${name} must be a copy of ${name.slice(DUPLICATE.length)}, as in the authors' ResNets, it ${original === undefined ? 'has no original' : 'differs'}. Take out the one that is not used.`,
  )
}
