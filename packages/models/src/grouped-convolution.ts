import * as tf from '@tensorflow/tfjs-core'
import type { ConvolutionNode } from './graph.js'

/**
 * The convolution of a node. Groups are joined into convolutions of about 32 channels with zeros between the groups: more arithmetic,
 * far fewer calls, and every backend's ordinary convolution and its gradients.
 */
export function groupedConvolution(x: tf.Tensor4D, filter: tf.Tensor4D, node: ConvolutionNode): tf.Tensor4D {
  const { strides, outputs, groups } = node
  const pad = explicitPads(node)
  const stride: [number, number] = [strides[0], strides[1]]
  if (groups === 1) return tf.conv2d(x, filter, stride, pad)

  const parts = convolutionsOfGroups(node)
  const joined = groups / parts
  const dense = joined === 1 ? filter : blockDiagonal(filter, joined, outputs / groups)
  if (parts === 1) return tf.conv2d(x, dense, stride, pad)
  const filters = tf.split<tf.Tensor4D>(dense, parts, 3)
  const convolved = tf.split<tf.Tensor4D>(x, parts, 3).map((part, i) => tf.conv2d<tf.Tensor4D>(part, filters[i], stride, pad))
  return tf.concat4d(convolved, 3)
}

/** A node's zeros on each side of each axis, as TensorFlow.js wants them. */
export const explicitPads = ({ pads }: ConvolutionNode): tf.backend_util.ExplicitPadding => [
  [0, 0],
  [pads[0], pads[0]],
  [pads[1], pads[1]],
  [0, 0],
]

/** How many convolutions a node's groups take. */
export function convolutionsOfGroups({ inputs, groups }: ConvolutionNode): number {
  return groups === 1 ? 1 : groups / joinedGroups(inputs / groups, groups)
}

/** How many groups go into one convolution: a divisor of `groups` that makes at most 32 channels. */
function joinedGroups(channels: number, groups: number): number {
  let joined = Math.min(groups, Math.max(1, Math.floor(32 / channels)))
  while (groups % joined !== 0) joined--
  return joined
}

/** `[h, w, channels, outputs]` → `[h, w, joined · channels, outputs]` with zeros where input and output belong to different groups. */
function blockDiagonal(filter: tf.Tensor4D, joined: number, groupOutputs: number): tf.Tensor4D {
  const [height, width, channels, outputs] = filter.shape
  const belongs = new Float32Array(joined * outputs)
  for (let o = 0; o < outputs; o++) belongs[(Math.floor(o / groupOutputs) % joined) * outputs + o] = 1
  const run = tf.customGrad((...args: unknown[]) => {
    const filter = args[0] as tf.Tensor4D
    const mask = tf.tensor4d(belongs, [1, joined, 1, outputs])
    const blocks = tf.mul(tf.reshape(filter, [height * width, 1, channels, outputs]), mask)
    const gradFunc = (dy: tf.Tensor): tf.Tensor => {
      const mask = tf.tensor4d(belongs, [1, joined, 1, outputs])
      const kept = tf.sum(tf.mul(tf.reshape(dy, [height * width, joined, channels, outputs]), mask), 1)
      return tf.reshape(kept, filter.shape)
    }
    return { value: tf.reshape(blocks, [height, width, joined * channels, outputs]), gradFunc }
  })
  return run(filter) as tf.Tensor4D
}
