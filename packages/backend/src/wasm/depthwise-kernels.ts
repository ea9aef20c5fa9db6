import { backend_util } from '@tensorflow/tfjs-core'
import type { DepthwiseConv2dNativeBackpropFilterAttrs, DepthwiseConv2dNativeBackpropInputAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from '../kernels/require-floats.js'
import type { OwnKernels } from './own-kernels.js'

type Shape4 = [number, number, number, number]

/** Gradients of depthwise convolution (stock: none). tfjs-core refuses gradients of dilated ones. */
export const depthwiseKernels: OwnKernels = (heapOf) => ({
  DepthwiseConv2dNativeBackpropInput: ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo }
    const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs
    requireFloats('DepthwiseConv2dNativeBackpropInput', dy, filter)
    const heap = heapOf(backend)
    const sizes = backend_util.computeConv2DInfo(inputShape, filter.shape as Shape4, strides, 1, pad, dimRoundingMode, true)
    const dx = heap.output(inputShape)
    heap.view(dx).fill(0)
    heap.run('depthwiseInput', [heap.address(dx), ...sizeWords(sizes), heap.address(dy), heap.address(filter)])
    return dx
  },
  DepthwiseConv2dNativeBackpropFilter: ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo }
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs
    requireFloats('DepthwiseConv2dNativeBackpropFilter', x, dy)
    const heap = heapOf(backend)
    const sizes = backend_util.computeConv2DInfo(x.shape as Shape4, filterShape, strides, 1, pad, dimRoundingMode, true)
    const dw = heap.output(filterShape)
    heap.run('depthwiseFilter', [heap.address(x), ...sizeWords(sizes), heap.address(dy), heap.address(dw)])
    return dw
  },
})

function sizeWords(sizes: backend_util.Conv2DInfo): number[] {
  return [
    sizes.batchSize,
    sizes.inHeight,
    sizes.inWidth,
    sizes.inChannels,
    sizes.outChannels / sizes.inChannels,
    sizes.filterHeight,
    sizes.filterWidth,
    sizes.strideHeight,
    sizes.strideWidth,
    sizes.padInfo.top,
    sizes.padInfo.left,
    sizes.outHeight,
    sizes.outWidth,
  ]
}
