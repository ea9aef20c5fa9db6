import { activationSizes, type InputSize } from './activation-sizes.js'
import { encoderGraph } from './encoder-graph.js'
import { convolutionsOfGroups } from './grouped-convolution.js'
import { completeModelConfig, type ModelConfig } from './model-config.js'

/** Numbers (float32) that one clip takes up in the encoder. */
export interface ActivationCounts {
  /** What a training pass keeps until its backward pass. Batches of several heads keep as much each. */
  readonly kept: number
  /** Gradients by activations, which TensorFlow.js frees together after the backward pass. */
  readonly gradients: number
  /** The largest activation. Inference holds a few of this size at a time. */
  readonly largest: number
}

/**
 * Counts what the activations of a configuration take up, without making the model: what memory a batch needs. The input is not among them, nor are heads.
 *
 * @throws {ModelError} `config`: a field is missing, unknown or out of range; `length`, `input`: shorter than the network can take.
 * @example
 * import { activationCounts } from '@audiotag/models'
 *
 * const config = { architecture: 'resnet34', classes: 80, activation: 'sigmoid' }
 * activationCounts(config, { length: 512 }).largest // => 1048576
 */
export function activationCounts(config: ModelConfig, input: InputSize): ActivationCounts {
  const complete = completeModelConfig(config)
  const graph = encoderGraph(complete)
  const sizes = activationSizes(complete, graph, input, 'activationCounts')
  const size = (name: string): number => {
    const { height, time, channels } = sizes.get(name)!
    return height * time * channels
  }
  // Without ReLU a batch norm does not keep its output, unless squeeze and excitation multiplies or adds it.
  const combined = new Set(graph.nodes.flatMap((node) => (node.kind === 'squeezeExcite' ? [node.input, node.residual] : [])))
  let kept = 0
  let gradients = 0
  for (const node of graph.nodes) {
    const own = size(node.name)
    if (node.kind === 'convolution') {
      kept += own * (node.relu || combined.has(node.name) ? 2 : 1)
      // Split and joined again.
      const copies = convolutionsOfGroups(node) > 1 ? size(node.input) + own : 0
      kept += copies
      // By its own output, by what it reads and what is added: where two read the same, their sum and one of them stay.
      gradients += own + copies + (node.input === 'input' ? 0 : size(node.input)) + (node.residual === undefined ? 0 : own)
    } else if (node.kind === 'squeezeExcite') {
      // The gate, the product with it, its sum with the residual, and the ReLU of that.
      kept += node.channels + 3 * own
      // By the sum, and by the input through product and mean; the residual's is the sum's own.
      gradients += 3 * own
    } else {
      kept += own
      gradients += size(node.input)
    }
  }
  return { kept, gradients, largest: Math.max(...graph.nodes.map(({ name }) => size(name))) }
}
