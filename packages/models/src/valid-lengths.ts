import * as tf from '@tensorflow/tfjs-core'
import { timeAfter, type Graph, type GraphNode } from './graph.js'

const looksPast = (node: GraphNode): boolean =>
  node.kind === 'globalMax' ||
  (node.kind === 'convolution' && node.pads[1] > 0) ||
  (node.kind === 'maxPool' && (node.padBefore > 0 || node.padAfter > 0))

/** Names of the activations whose padding must be zero, because something after them looks past the end of a clip. */
export function maskedNodes(graph: Graph): ReadonlySet<string> {
  return new Set(graph.nodes.filter(looksPast).map((node) => node.input))
}

/** Valid time steps of each clip after every node. */
export function lengthsAfterNodes(graph: Graph, lengths: readonly number[]): ReadonlyMap<string, readonly number[]> {
  const result = new Map<string, readonly number[]>([['input', lengths]])
  for (const node of graph.nodes) {
    const before = result.get(node.input) as readonly number[]
    result.set(
      node.name,
      before.map((time) => timeAfter(node, time)),
    )
  }
  return result
}

/** 1 where a clip is valid, else 0: `[batch, 1, time, 1]`. */
export function validMask(lengths: readonly number[], time: number): tf.Tensor4D {
  const mask = new Float32Array(lengths.length * time)
  for (const [clip, length] of lengths.entries()) mask.fill(1, clip * time, clip * time + length)
  return tf.tensor4d(mask, [lengths.length, 1, time, 1])
}
