import { architectures } from './architectures.js'
import type { ConvolutionNode, Graph, GraphNode, HeightTime } from './graph.js'
import type { CompleteModelConfig } from './model-config.js'

/** The rounding of the width multiplier. */
export function scaledChannels(channels: number, width: number): number {
  return Math.max(1, Math.floor(channels * width + 0.5))
}

type Shape = Pick<ConvolutionNode, 'inputs' | 'outputs' | 'kernel'> & Partial<ConvolutionNode>

function convolution(name: string, norm: string, input: string, shape: Shape): ConvolutionNode {
  return { kind: 'convolution', name, norm, input, strides: [1, 1], pads: [0, 0], groups: 1, relu: true, ...shape }
}

/** The projection of a residual block's input, where its shape changes. */
function shortcut(block: string, input: string, inputs: number, outputs: number, stride: number, nodes: GraphNode[]): string {
  if (stride === 1 && inputs === outputs) return input
  const strides: HeightTime = [stride, stride]
  const node = convolution(`${block}.downsample.0`, `${block}.downsample.1`, input, {
    inputs,
    outputs,
    kernel: [1, 1],
    strides,
    relu: false,
  })
  nodes.push(node)
  return node.name
}

function basicBlock(block: string, input: string, inputs: number, outputs: number, stride: number, nodes: GraphNode[]): string {
  const residual = shortcut(block, input, inputs, outputs, stride, nodes)
  const common = { outputs, kernel: [3, 3] as const, pads: [1, 1] as const }
  nodes.push(convolution(`${block}.conv1`, `${block}.bn1`, input, { ...common, inputs, strides: [stride, stride] }))
  nodes.push(convolution(`${block}.conv2`, `${block}.bn2`, `${block}.conv1`, { ...common, inputs: outputs, residual }))
  return `${block}.conv2`
}

interface Bottleneck {
  readonly inputs: number
  readonly inner: number
  readonly outputs: number
  readonly groups: number
  readonly stride: number
}

function bottleneck(block: string, input: string, { inputs, inner, outputs, groups, stride }: Bottleneck, nodes: GraphNode[]): string {
  const residual = shortcut(block, input, inputs, outputs, stride, nodes)
  const name = `${block}.se_module`
  nodes.push(
    convolution(`${block}.conv1`, `${block}.bn1`, input, { inputs, outputs: inner, kernel: [1, 1] }),
    convolution(`${block}.conv2`, `${block}.bn2`, `${block}.conv1`, {
      inputs: inner,
      outputs: inner,
      kernel: [3, 3],
      strides: [stride, stride],
      pads: [1, 1],
      groups,
    }),
    convolution(`${block}.conv3`, `${block}.bn3`, `${block}.conv2`, { inputs: inner, outputs, kernel: [1, 1], relu: false }),
    { kind: 'squeezeExcite', name, input: `${block}.conv3`, residual, channels: outputs, reduced: Math.max(1, Math.floor(outputs / 16)) },
  )
  return name
}

function resnetGraph(blocks: readonly number[], width: number): Graph {
  let inputs = scaledChannels(64, width)
  const nodes: GraphNode[] = [
    convolution('conv1', 'bn1', 'input', { inputs: 1, outputs: inputs, kernel: [7, 7], strides: [2, 2], pads: [3, 3] }),
    { kind: 'maxPool', name: 'pool', input: 'conv1', kernel: [3, 3], strides: [2, 2], padBefore: 1, padAfter: 1 },
  ]
  let last = 'pool'
  for (const [stage, count] of blocks.entries()) {
    const outputs = scaledChannels(64 * 2 ** stage, width)
    for (let block = 0; block < count; block++) {
      last = basicBlock(`layer${stage + 1}.${block}`, last, inputs, outputs, stage > 0 && block === 0 ? 2 : 1, nodes)
      inputs = outputs
    }
  }
  nodes.push({ kind: 'globalMax', name: 'features', input: last, over: 'height and time' })
  return { nodes, features: inputs, featureHeight: 1 }
}

function seresnextGraph(blocks: readonly number[], width: number): Graph {
  let inputs = scaledChannels(64, width)
  const groups = scaledChannels(32, width)
  const nodes: GraphNode[] = [
    convolution('layer0.conv1', 'layer0.bn1', 'input', { inputs: 1, outputs: inputs, kernel: [7, 7], strides: [2, 2], pads: [3, 3] }),
    // PyTorch's ceil_mode without padding: one row at the end that is read only where a last window needs it.
    { kind: 'maxPool', name: 'pool', input: 'layer0.conv1', kernel: [3, 3], strides: [2, 2], padBefore: 0, padAfter: 1 },
  ]
  let last = 'pool'
  for (const [stage, count] of blocks.entries()) {
    // The number of groups is scaled; each group keeps its 4, 8, 16 or 32 channels.
    const inner = 4 * 2 ** stage * groups
    const outputs = scaledChannels(256 * 2 ** stage, width)
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1
      last = bottleneck(`layer${stage + 1}.${block}`, last, { inputs, inner, outputs, groups, stride }, nodes)
      inputs = outputs
    }
  }
  nodes.push({ kind: 'globalMax', name: 'features', input: last, over: 'height and time' })
  return { nodes, features: inputs, featureHeight: 1 }
}

function envnetGraph(width: number): Graph {
  const [a, b, c, d] = [32, 64, 128, 256].map((channels) => scaledChannels(channels, width)) as [number, number, number, number]
  const nodes: GraphNode[] = []
  let last = 'input'
  const conv = (index: number, inputs: number, outputs: number, kernel: HeightTime, strides: HeightTime = [1, 1]): void => {
    const prefix = `conv${index}.conv_bn_relu`
    nodes.push(convolution(`${prefix}.0`, `${prefix}.1`, last, { inputs, outputs, kernel, strides }))
    last = `${prefix}.0`
  }
  const pool = (name: string, kernel: HeightTime): void => {
    nodes.push({ kind: 'maxPool', name, input: last, kernel, strides: kernel, padBefore: 0, padAfter: 0 })
    last = name
  }
  conv(1, 1, a, [1, 64], [1, 2])
  conv(2, a, 64, [1, 16], [1, 2]) // always 64: they become the height axis
  pool('pool1', [1, 64])
  nodes.push({ kind: 'swap', name: 'swap', input: last })
  last = 'swap'
  conv(3, 1, a, [8, 8])
  conv(4, a, a, [8, 8])
  pool('pool2', [5, 3])
  conv(5, a, b, [1, 4])
  conv(6, b, b, [1, 4])
  pool('pool3', [1, 2])
  conv(7, b, c, [1, 2])
  conv(8, c, c, [1, 2])
  pool('pool4', [1, 2])
  conv(9, c, d, [1, 2])
  conv(10, d, d, [1, 2])
  nodes.push({ kind: 'globalMax', name: 'features', input: last, over: 'time' })
  return { nodes, features: 10 * d, featureHeight: 10 }
}

/** The encoder of a configuration, as data: read by the forward pass, the list of parameters and the tf.layers export. */
export function encoderGraph({ architecture, width }: Pick<CompleteModelConfig, 'architecture' | 'width'>): Graph {
  const { family, blocks } = architectures[architecture]
  if (family === 'envnet') return envnetGraph(width)
  return family === 'resnet' ? resnetGraph(blocks, width) : seresnextGraph(blocks, width)
}
