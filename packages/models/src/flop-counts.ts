import { activationSizes, type InputSize } from './activation-sizes.js'
import { encoderGraph } from './encoder-graph.js'
import { completeModelConfig, type ModelConfig } from './model-config.js'
import { headLayers } from './weight-specs.js'

/** Floating point operations of one clip, a multiplication and its addition as two. */
export interface FlopCounts {
  /** Forward pass by part of the encoder, in order: `conv1`, `layer1`, … */
  readonly parts: Readonly<Record<string, number>>
  /** Sum of the parts. */
  readonly encoder: number
  /** Forward pass of one head. */
  readonly head: number
  /** Forward pass: encoder and one head. */
  readonly forward: number
  /** Gradients by the weights and by the inputs of all layers; the first layer's input needs none. */
  readonly backward: number
}

/**
 * Counts the multiplications and additions of a configuration's convolutions and linear layers for one clip, exactly and without making the model.
 * A clip passes through one head, so the number of heads does not matter; a batch costs its number of clips times as much.
 *
 * Counted are the sums as they are written down: at borders as if padding were multiplied too, biases, batch norm, pooling and activations not at all, and
 * no matter by which algorithm a backend gets them. Groups of SE-ResNeXt, which run joined, count as groups.
 *
 * @throws {ModelError} `config`: a field is missing, unknown or out of range; `length`, `input`: shorter than the network can take.
 * @example
 * import { flopCounts } from '@audiotag/models'
 *
 * const config = { architecture: 'resnet34', classes: 80, activation: 'sigmoid' }
 * flopCounts(config, { length: 512 }).forward // => 9367093248
 */
export function flopCounts(config: ModelConfig, input: InputSize): FlopCounts {
  const complete = completeModelConfig(config)
  const graph = encoderGraph(complete)
  const sizes = activationSizes(complete, graph, input, 'flopCounts')
  const parts: Record<string, number> = {}
  let first = 0
  for (const node of graph.nodes) {
    const { height, time } = sizes.get(node.name)!
    let flops = 0
    if (node.kind === 'convolution')
      flops = 2 * height * time * node.kernel[0] * node.kernel[1] * (node.inputs / node.groups) * node.outputs
    else if (node.kind === 'squeezeExcite') flops = 2 * 2 * node.channels * node.reduced
    else continue
    if (node.input === 'input') first += flops
    const part = node.name.split('.')[0]
    parts[part] = (parts[part] ?? 0) + flops
  }
  const encoder = Object.values(parts).reduce((sum, flops) => sum + flops, 0)
  const head = headLayers(complete, 0, graph).reduce((sum, { inputs, outputs }) => sum + 2 * inputs * outputs, 0)
  const forward = encoder + head
  return { parts, encoder, head, forward, backward: 2 * forward - first }
}
