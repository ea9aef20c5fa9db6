import { architectures } from './architectures.js'
import { encoderGraph, scaledChannels } from './encoder-graph.js'
import type { Graph } from './graph.js'
import type { CompleteModelConfig } from './model-config.js'

/** How a weight is ordered in PyTorch, against `shape` here. */
export type WeightLayout =
  | 'same'
  /** `[out, in, height, width]` there, `[height, width, in, out]` here. */
  | 'convolution'
  /** `[out, in]` (or `[out, in, 1, 1]`) there, `[in, out]` here. */
  | 'linear'
  /** As `linear`, and inputs are ordered channel · height + row there, row · channels + channel here. */
  | 'linear after height'

/** One weight of a model. */
export interface WeightSpec {
  /** PyTorch's key. */
  readonly name: string
  readonly shape: readonly number[]
  readonly torchShape: readonly number[]
  readonly layout: WeightLayout
  /** Height for `linear after height`, else 1. */
  readonly height: number
  readonly trainable: boolean
  readonly initial: 'zeros' | 'ones' | 'uniform' | 'normal'
  /** Uniform: values in [-scale, scale); normal: standard deviation. */
  readonly scale: number
}

/** Layers of a head, in order: name prefix, inputs, outputs, and the height its inputs come from. */
export interface HeadLayer {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  readonly height: number
}

/** PyTorch's prefix of head number `index`. */
export function headPrefix(config: CompleteModelConfig, index: number): string {
  return index === 0 ? architectures[config.architecture].firstHead : `last_linear${index + 1}`
}

/** The three linear layers of head number `index`; 0, 3 and 6 because ReLU and dropout count in PyTorch's `Sequential`. */
export function headLayers(config: CompleteModelConfig, index: number, graph: Graph): readonly HeadLayer[] {
  const prefix = headPrefix(config, index)
  const hidden = scaledChannels(1024, config.width)
  return [
    { name: `${prefix}.0`, inputs: graph.features, outputs: hidden, height: graph.featureHeight },
    { name: `${prefix}.3`, inputs: hidden, outputs: hidden, height: 1 },
    { name: `${prefix}.6`, inputs: hidden, outputs: config.classes, height: 1 },
  ]
}

const plain = { layout: 'same', height: 1, trainable: true, scale: 0 } as const

const vector = (name: string, size: number, initial: 'zeros' | 'ones', trainable = true): WeightSpec => ({
  ...plain,
  name,
  shape: [size],
  torchShape: [size],
  initial,
  trainable,
})

function normSpecs(name: string, channels: number): WeightSpec[] {
  return [
    vector(`${name}.weight`, channels, 'ones'),
    vector(`${name}.bias`, channels, 'zeros'),
    vector(`${name}.running_mean`, channels, 'zeros', false),
    vector(`${name}.running_var`, channels, 'ones', false),
  ]
}

/** A linear layer; `pointwise` for the 1 × 1 convolutions of squeeze and excitation, which have two more axes in PyTorch. */
function linearSpecs({ name, inputs, outputs, height }: HeadLayer, pointwise: boolean): WeightSpec[] {
  // PyTorch's default for linear and convolutional layers: uniform within 1 / √(fan-in), weight and bias.
  const uniform = { ...plain, initial: 'uniform', scale: 1 / Math.sqrt(inputs) } as const
  const torchShape = pointwise ? [outputs, inputs, 1, 1] : [outputs, inputs]
  const layout = height > 1 ? 'linear after height' : 'linear'
  return [
    { ...uniform, name: `${name}.weight`, shape: [inputs, outputs], torchShape, layout, height },
    { ...uniform, name: `${name}.bias`, shape: [outputs], torchShape: [outputs] },
  ]
}

/**
 * Every weight of a configuration, in the order of computation.
 *
 * Initial values are PyTorch's: uniform within 1 / √(fan-in), except for the convolutions of ResNet's body, which get torchvision's
 * normal distribution of variance 2 / fan-out. (ResNet's first convolution, made anew for one channel, has the uniform default.)
 */
export function weightSpecs(config: CompleteModelConfig): readonly WeightSpec[] {
  const graph = encoderGraph(config)
  const { family } = architectures[config.architecture]
  const specs: WeightSpec[] = []
  for (const node of graph.nodes) {
    if (node.kind === 'convolution') {
      const { name, kernel, inputs, outputs, groups, input } = node
      const area = kernel[0] * kernel[1]
      const normal = family === 'resnet' && input !== 'input'
      specs.push({
        ...plain,
        name: `${name}.weight`,
        shape: [kernel[0], kernel[1], inputs / groups, outputs],
        torchShape: [outputs, inputs / groups, kernel[0], kernel[1]],
        layout: 'convolution',
        initial: normal ? 'normal' : 'uniform',
        scale: normal ? Math.sqrt(2 / (area * outputs)) : 1 / Math.sqrt((area * inputs) / groups),
      })
      specs.push(...normSpecs(node.norm, outputs))
    } else if (node.kind === 'squeezeExcite') {
      const { name, channels, reduced } = node
      specs.push(...linearSpecs({ name: `${name}.fc1`, inputs: channels, outputs: reduced, height: 1 }, true))
      specs.push(...linearSpecs({ name: `${name}.fc2`, inputs: reduced, outputs: channels, height: 1 }, true))
    }
  }
  for (const index of config.heads.keys()) {
    for (const layer of headLayers(config, index, graph)) specs.push(...linearSpecs(layer, false))
  }
  return specs
}
