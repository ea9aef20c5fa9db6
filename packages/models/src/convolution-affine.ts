import * as tf from '@tensorflow/tfjs-core'
import { affine } from './affine.js'
import type { AffineOptions } from './affine.js'
import { gradientsOnOwnTape } from './gradients-on-own-tape.js'
import type { ConvolutionNode } from './graph.js'
import { explicitPads, groupedConvolution } from './grouped-convolution.js'
import { hasKernel } from './has-kernel.js'

/**
 * The convolution of a node and its batch norm with running statistics, residual and ReLU. One kernel where the backend has `AudiotagConvolutionAffine` and the
 * node no groups, else one after the other.
 */
export function convolutionAffine(x: tf.Tensor4D, filter: tf.Tensor4D, node: ConvolutionNode, options: AffineOptions): tf.Tensor4D {
  if (node.groups > 1 || !hasKernel('AudiotagConvolutionAffine')) return affine(groupedConvolution(x, filter, node), options)
  const { scale, shift, residual, relu } = options
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args.at(-1) as tf.GradSaveFunc
    const tensors = args.slice(0, -1) as tf.Tensor[]
    const inputs = { x, filter, scale, shift, ...(residual && { residual }) }
    const attributes = { strides: [...node.strides], pad: explicitPads(node), relu }
    const value = tf.engine().runKernel<tf.Tensor>('AudiotagConvolutionAffine', inputs, attributes)
    save(tensors)
    // Seldom asked for: the parts are computed again, for their own gradients.
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, filter, scale, shift, residual] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.Tensor4D?]
      return gradientsOnOwnTape(() => affine(groupedConvolution(x, filter, node), { scale, shift, residual, relu }), saved, dy)
    }
    return { value, gradFunc }
  })
  return run(...(residual === undefined ? [x, filter, scale, shift] : [x, filter, scale, shift, residual])) as tf.Tensor4D
}
