/** Height (mel bands, or EnvNet's channels) and time, in this order. */
export type HeightTime = readonly [height: number, time: number]

/** Convolution without bias, batch norm, then optionally `+ residual` and ReLU. */
export interface ConvolutionNode {
  readonly kind: 'convolution'
  /** Name of the output; `<name>.weight` is the filter. */
  readonly name: string
  readonly input: string
  /** `<norm>.weight`, `.bias`, `.running_mean`, `.running_var` belong to the batch norm. */
  readonly norm: string
  readonly inputs: number
  readonly outputs: number
  readonly kernel: HeightTime
  readonly strides: HeightTime
  /** Zeros added on both sides. */
  readonly pads: HeightTime
  readonly groups: number
  readonly relu: boolean
  readonly residual?: string
}

/** Maximum over windows. */
export interface MaxPoolNode {
  readonly kind: 'maxPool'
  readonly name: string
  readonly input: string
  readonly kernel: HeightTime
  readonly strides: HeightTime
  /** Zeros added before and after each axis. They stand for -∞, because what is pooled comes out of a ReLU. */
  readonly padBefore: number
  readonly padAfter: number
}

/** EnvNet's `[batch, 1, time, channels]` → `[batch, channels, time, 1]`. */
export interface SwapNode {
  readonly kind: 'swap'
  readonly name: string
  readonly input: string
}

/** relu(x · sigmoid(fc2(relu(fc1(mean of x)))) + residual), parameters `<name>.fc1.weight` and so on. */
export interface SqueezeExciteNode {
  readonly kind: 'squeezeExcite'
  readonly name: string
  readonly input: string
  readonly residual: string
  readonly channels: number
  readonly reduced: number
}

/** Maximum over all time, and over the height too or not; the output is `[batch, features]`. */
export interface GlobalMaxNode {
  readonly kind: 'globalMax'
  readonly name: string
  readonly input: string
  readonly over: 'height and time' | 'time'
}

/** One step of an encoder. Activations are `[batch, height, time, channels]`. */
export type GraphNode = ConvolutionNode | MaxPoolNode | SwapNode | SqueezeExciteNode | GlobalMaxNode

/** An encoder: steps in the order of computation. The first one reads `'input'`. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  /** Features that come out. */
  readonly features: number
  /** Height of the last activation where it stays apart (EnvNet: 10), else 1. Features are ordered height · channels + channel. */
  readonly featureHeight: number
}

/** Names of the activations that a node reads. */
export function readsOf(node: GraphNode): readonly string[] {
  return 'residual' in node && node.residual !== undefined ? [node.input, node.residual] : [node.input]
}

/** Names of the weights that a node reads and gradients train. */
export function weightsOf(node: GraphNode): readonly string[] {
  switch (node.kind) {
    case 'convolution':
      return [`${node.name}.weight`, `${node.norm}.weight`, `${node.norm}.bias`]
    case 'squeezeExcite':
      return ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'].map((suffix) => `${node.name}.${suffix}`)
    default:
      return []
  }
}

/** Time axis after a node, for `time` steps before it. */
export function timeAfter(node: GraphNode, time: number): number {
  switch (node.kind) {
    case 'convolution':
      return Math.floor((time + 2 * node.pads[1] - node.kernel[1]) / node.strides[1]) + 1
    case 'maxPool':
      return Math.floor((time + node.padBefore + node.padAfter - node.kernel[1]) / node.strides[1]) + 1
    case 'globalMax':
      return 1
    default:
      return time
  }
}
