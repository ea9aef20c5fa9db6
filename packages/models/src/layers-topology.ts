import { architectures } from './architectures.js'
import { BATCH_NORM_EPSILON } from './batch-norm.js'
import { encoderGraph } from './encoder-graph.js'
import type { ConvolutionNode, Graph, GraphNode } from './graph.js'
import type { CompleteModelConfig } from './model-config.js'
import { BATCH_NORM_MOMENTUM } from './running-statistics.js'
import { headLayers } from './weight-specs.js'

/** One layer of a tf.layers model in Keras' JSON. */
export interface LayerJson {
  readonly class_name: string
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly inbound_nodes: readonly unknown[]
}

/** A weight of a tf.layers model, and where its values come from. */
export interface LayerWeight {
  /** Name in tf.layers, e.g. `conv1/kernel`. */
  readonly name: string
  /** Name of the model's variable. */
  readonly variable: string
  readonly shape: readonly number[]
  /** Groups of a convolution whose filter must be spread out to a dense one; else 1. */
  readonly groups: number
}

/** A tf.layers model as JSON, made of stock layers only. */
export interface LayersTopology {
  readonly layers: readonly LayerJson[]
  readonly weights: readonly LayerWeight[]
  readonly input: string
  readonly output: string
}

/** Collects layers; each method returns the name of its output. */
interface Builder {
  readonly layers: LayerJson[]
  readonly weights: LayerWeight[]
  layer(className: string, name: string, inputs: readonly string[], config?: Readonly<Record<string, unknown>>): string
  weight(name: string, variable: string, shape: readonly number[], groups?: number): void
}

function builder(): Builder {
  const layers: LayerJson[] = []
  const weights: LayerWeight[] = []
  return {
    layers,
    weights,
    layer(className, name, inputs, config = {}) {
      const inbound = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])]
      layers.push({ class_name: className, name, config: { name, trainable: true, ...config }, inbound_nodes: inbound })
      return name
    },
    weight(name, variable, shape, groups = 1) {
      weights.push({ name, variable, shape, groups })
    },
  }
}

/** The stock layers that compute what head number `head` of a model computes, activation included. */
export function layersTopology(config: CompleteModelConfig, head: number): LayersTopology {
  const graph = encoderGraph(config)
  const build = builder()
  const waveform = architectures[config.architecture].input === 'waveform'
  const batchInputShape = waveform ? [null, null] : [null, null, null, 1]
  const input = build.layer('InputLayer', 'input', [], { batch_input_shape: batchInputShape, dtype: 'float32', sparse: false })
  const outputs = new Map<string, string>()
  outputs.set('input', waveform ? build.layer('Reshape', 'waveform', [input], { target_shape: [1, null, 1] }) : input)
  for (const node of graph.nodes) outputs.set(node.name, addNode(build, graph, node, outputs))

  let last = outputs.get('features') as string
  for (const [i, layer] of headLayers(config, head, graph).entries()) {
    last = dense(build, layer.name, last, layer, i < 2 ? 'relu' : config.activation)
  }
  return { layers: build.layers, weights: build.weights, input, output: last }
}

function addNode(build: Builder, graph: Graph, node: GraphNode, outputs: ReadonlyMap<string, string>): string {
  const x = outputs.get(node.input) as string
  const { name } = node
  switch (node.kind) {
    case 'convolution':
      return convolution(build, node, x, node.residual === undefined ? undefined : outputs.get(node.residual))
    case 'maxPool': {
      const pads = [node.padBefore, node.padAfter]
      const padded = node.padBefore + node.padAfter === 0 ? x : padding(build, `${name}.pad`, x, [pads, pads])
      const config = { pool_size: node.kernel, strides: node.strides, padding: 'valid', data_format: 'channels_last' }
      return build.layer('MaxPooling2D', name, [padded], config)
    }
    case 'swap':
      return build.layer('Permute', name, [x], { dims: [3, 2, 1] })
    case 'squeezeExcite': {
      const { channels, reduced } = node
      const mean = build.layer('GlobalAveragePooling2D', `${name}.mean`, [x], { data_format: 'channels_last' })
      const inner = dense(build, `${name}.fc1`, mean, { inputs: channels, outputs: reduced }, 'relu')
      const gate = dense(build, `${name}.fc2`, inner, { inputs: reduced, outputs: channels }, 'sigmoid')
      const shaped = build.layer('Reshape', `${name}.gate`, [gate], { target_shape: [1, 1, channels] })
      const scaled = build.layer('Multiply', `${name}.scale`, [x, shaped])
      const sum = build.layer('Add', `${name}.add`, [scaled, outputs.get(node.residual) as string])
      return build.layer('Activation', `${name}.relu`, [sum], { activation: 'relu' })
    }
    case 'globalMax': {
      if (node.over === 'height and time') return build.layer('GlobalMaxPooling2D', name, [x], { data_format: 'channels_last' })
      const row = { class_name: 'GlobalMaxPooling1D', config: { name: `${name}.row`, trainable: true } }
      const rows = build.layer('TimeDistributed', `${name}.rows`, [x], { layer: row })
      return build.layer('Reshape', name, [rows], { target_shape: [graph.features] })
    }
  }
}

function convolution(build: Builder, node: ConvolutionNode, x: string, residual: string | undefined): string {
  const { name, norm, kernel, strides, pads, inputs, outputs, groups } = node
  const padded =
    pads[0] + pads[1] === 0
      ? x
      : padding(
          build,
          `${name}.pad`,
          x,
          pads.map((pad) => [pad, pad]),
        )
  const z = build.layer('Conv2D', name, [padded], {
    filters: outputs,
    kernel_size: kernel,
    strides,
    padding: 'valid',
    data_format: 'channels_last',
    activation: 'linear',
    use_bias: false,
  })
  build.weight(`${name}/kernel`, `${name}.weight`, [kernel[0], kernel[1], inputs, outputs], groups)
  const y = build.layer('BatchNormalization', norm, [z], {
    axis: -1,
    epsilon: BATCH_NORM_EPSILON,
    momentum: 1 - BATCH_NORM_MOMENTUM,
    center: true,
    scale: true,
  })
  build.weight(`${norm}/gamma`, `${norm}.weight`, [outputs])
  build.weight(`${norm}/beta`, `${norm}.bias`, [outputs])
  build.weight(`${norm}/moving_mean`, `${norm}.running_mean`, [outputs])
  build.weight(`${norm}/moving_variance`, `${norm}.running_var`, [outputs])
  const sum = residual === undefined ? y : build.layer('Add', `${name}.add`, [y, residual])
  return node.relu ? build.layer('Activation', `${name}.relu`, [sum], { activation: 'relu' }) : sum
}

/** Zeros stand for -∞ in a maximum too: all that is padded comes out of a ReLU, or goes into a convolution. */
function padding(build: Builder, name: string, x: string, pads: readonly (readonly number[])[]): string {
  return build.layer('ZeroPadding2D', name, [x], { padding: pads, data_format: 'channels_last' })
}

interface Sizes {
  readonly inputs: number
  readonly outputs: number
}

function dense(build: Builder, name: string, x: string, { inputs, outputs }: Sizes, activation: string): string {
  build.weight(`${name}/kernel`, `${name}.weight`, [inputs, outputs])
  build.weight(`${name}/bias`, `${name}.bias`, [outputs])
  return build.layer('Dense', name, [x], { units: outputs, activation, use_bias: true })
}
