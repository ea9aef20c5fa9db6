import * as tf from '@tensorflow/tfjs-core'
import { batchNorm } from './batch-norm.js'
import { convolutionAffine } from './convolution-affine.js'
import { dense } from './dense.js'
import { ModelError } from './errors.js'
import { readsOf, weightsOf, type Graph, type GraphNode, type MaxPoolNode, type SqueezeExciteNode } from './graph.js'
import { groupedConvolution } from './grouped-convolution.js'
import { recompute } from './recompute.js'
import { inferenceAffines, updateRunningStatistics, type BatchStatistics } from './running-statistics.js'
import { segmentsOf } from './segments.js'
import { lengthsAfterNodes, maskedNodes, validMask } from './valid-lengths.js'

/** How to run an encoder. */
export interface EncodeOptions {
  /** Batch statistics, and running statistics are updated; else the running statistics are used. */
  readonly training: boolean
  /** Valid time steps of each clip; absent: all. Inference only. */
  readonly lengths?: readonly number[] | undefined
  /** Keep for the gradient the inputs of segments alone. Training only. */
  readonly recomputes: boolean
}

/** Runs the graph on `[batch, height, time, 1]`; returns features `[batch, features]`. */
export function encode(graph: Graph, variables: Variables, input: tf.Tensor4D, options: EncodeOptions): tf.Tensor2D {
  const { training, lengths, recomputes } = options
  const statistics: BatchStatistics[] = []
  try {
    const features = tf.tidy(() => {
      if (recomputes) return runSegments(graph, variables, input, statistics)
      const run = nodeRunner(graph, variables, { training, lengths, statistics })
      return runNodes(graph.nodes, lengths === undefined ? input : zeroPadding(input, lengths), run)
    })
    if (training) updateRunningStatistics(variables, statistics)
    return features as tf.Tensor2D
  } finally {
    disposeStatistics(statistics)
  }
}

type Variables = ReadonlyMap<string, tf.Variable>

/** Runs nodes, the first of which reads `input`; returns what the last one gives. */
function runNodes(nodes: readonly GraphNode[], input: tf.Tensor, run: Runner): tf.Tensor {
  const values = new Map<string, tf.Tensor>([[nodes[0].input, input]])
  const lastUse = lastUses(nodes)
  let value = input
  for (const node of nodes) {
    value = run(node, values)
    values.set(node.name, value)
    // Free what nobody reads any more: full-length clips would not fit otherwise. What a gradient needs has been saved.
    for (const name of lastUse.get(node.name) ?? []) if (name !== nodes[0].input) values.get(name)?.dispose()
  }
  return value
}

/** After which node which activations are no longer read. */
function lastUses(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly string[]> {
  const reader = new Map<string, string>()
  for (const node of nodes) for (const name of readsOf(node)) reader.set(name, node.name)
  const result = new Map<string, string[]>()
  for (const [name, by] of reader) result.set(by, [...(result.get(by) ?? []), name])
  return result
}

/** Training in segments, each of which keeps its input alone and is run again for the gradient. */
function runSegments(graph: Graph, variables: Variables, input: tf.Tensor, statistics: BatchStatistics[]): tf.Tensor {
  const runner = (statistics: BatchStatistics[]): Runner => nodeRunner(graph, variables, { training: true, lengths: undefined, statistics })
  const segments = segmentsOf(graph)
  let x = input
  for (const nodes of segments) {
    const y = recompute(x, {
      weights: nodes.flatMap(weightsOf).map((name) => variables.get(name) as tf.Tensor),
      compute: (x) => runNodes(nodes, x, runner(statistics)),
      again: (x) => {
        // The running statistics have moved already.
        const unused: BatchStatistics[] = []
        try {
          return runNodes(nodes, x, runner(unused))
        } finally {
          disposeStatistics(unused)
        }
      },
      freesGradient: nodes !== segments.at(-1),
    })
    if (x !== input) x.dispose()
    x = y
  }
  return x
}

function disposeStatistics(statistics: readonly BatchStatistics[]): void {
  for (const { mean, variance } of statistics) tf.dispose([mean, variance])
}

/** Zeros in the padding, whatever was there (also NaN). */
function zeroPadding(input: tf.Tensor4D, lengths: readonly number[]): tf.Tensor4D {
  return tf.tidy(() => {
    const valid = tf.cast(validMask(lengths, input.shape[2]), 'bool')
    return tf.where(tf.broadcastTo(valid, input.shape), input, tf.zerosLike(input))
  })
}

interface RunnerOptions {
  readonly training: boolean
  readonly lengths: readonly number[] | undefined
  readonly statistics: BatchStatistics[]
}

type Runner = (node: GraphNode, values: ReadonlyMap<string, tf.Tensor>) => tf.Tensor

function nodeRunner(graph: Graph, variables: Variables, { training, lengths, statistics }: RunnerOptions): Runner {
  const weight = (name: string): tf.Tensor => variables.get(name) as tf.Tensor
  const norms = graph.nodes.flatMap((node) => (node.kind === 'convolution' ? [node.norm] : []))
  const affines = training ? undefined : inferenceAffines(variables, norms)
  const lengthsAfter = lengths && lengthsAfterNodes(graph, lengths)
  const masked = lengths && maskedNodes(graph)

  const compute: Runner = (node, values) => {
    const x = values.get(node.input) as tf.Tensor4D
    switch (node.kind) {
      case 'convolution': {
        const filter = weight(`${node.name}.weight`) as tf.Tensor4D
        const residual = node.residual === undefined ? undefined : (values.get(node.residual) as tf.Tensor4D)
        const { norm, relu } = node
        const fixed = affines?.get(norm)
        if (fixed !== undefined) return convolutionAffine(x, filter, node, { ...fixed, residual, relu })
        const z = groupedConvolution(x, filter, node)
        const count = z.size / z.shape[3]
        if (count < 2) {
          throw new ModelError(
            'input',
            `forward: in training every batch norm needs at least 2 values a channel, got 1 at ${norm}. Use a larger batch or longer input.`,
          )
        }
        const gamma = weight(`${norm}.weight`) as tf.Tensor1D
        const beta = weight(`${norm}.bias`) as tf.Tensor1D
        const { y, mean, variance } = batchNorm(z, { gamma, beta, residual, relu })
        statistics.push({ norm, mean, variance, count })
        return y
      }
      case 'maxPool':
        return maxPool(x, node)
      case 'swap':
        return tf.transpose(x, [0, 3, 2, 1])
      case 'squeezeExcite':
        return squeezeExcite(x, values.get(node.residual) as tf.Tensor4D, node, weight, lengthsAfter?.get(node.input))
      case 'globalMax': {
        const [batch, height, time, channels] = x.shape
        // Not tf.max: its gradient goes in full to every tied element.
        const window: [number, number] = [node.over === 'time' ? 1 : height, time]
        return tf.reshape(tf.maxPool(x, window, 1, 'valid'), [batch, node.over === 'time' ? height * channels : channels])
      }
    }
  }
  return (node, values) => {
    const value = tf.tidy(() => compute(node, values))
    if (!masked?.has(node.name)) return value
    const clean = tf.tidy(() => tf.mul(value, validMask(lengthsAfter?.get(node.name) ?? [], (value as tf.Tensor4D).shape[2])))
    value.dispose()
    return clean
  }
}

function maxPool(x: tf.Tensor4D, { kernel, strides, padBefore, padAfter }: MaxPoolNode): tf.Tensor4D {
  const pads: [number, number] = [padBefore, padAfter]
  const pad: tf.backend_util.ExplicitPadding | 'valid' = padBefore + padAfter === 0 ? 'valid' : [[0, 0], pads, pads, [0, 0]]
  return tf.maxPool(x, [kernel[0], kernel[1]], [strides[0], strides[1]], pad)
}

function squeezeExcite(
  x: tf.Tensor4D,
  residual: tf.Tensor4D,
  { name, channels }: SqueezeExciteNode,
  weight: (name: string) => tf.Tensor,
  lengths: readonly number[] | undefined,
): tf.Tensor4D {
  const layer = (input: tf.Tensor2D, layer: string, relu: boolean): tf.Tensor2D =>
    dense(input, { weight: weight(`${name}.${layer}.weight`) as tf.Tensor2D, bias: weight(`${name}.${layer}.bias`) as tf.Tensor1D, relu })
  const gate = tf.sigmoid(layer(layer(meanOverClip(x, lengths), 'fc1', true), 'fc2', false))
  return tf.relu(tf.add(tf.mul(x, tf.reshape(gate, [-1, 1, 1, channels])), residual))
}

/** Mean over height and time `[batch, channels]`, of the valid part alone. */
function meanOverClip(x: tf.Tensor4D, lengths: readonly number[] | undefined): tf.Tensor2D {
  if (lengths === undefined) return tf.mean(x, [1, 2])
  const [, height, , channels] = x.shape
  // Clip by clip, so that each sum has the order it has without padding, to the last bit.
  return tf.concat2d(
    lengths.map((length, clip) => tf.mean(tf.slice4d(x, [clip, 0, 0, 0], [1, height, length, channels]), [1, 2])),
    0,
  )
}
