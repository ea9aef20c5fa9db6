import { backend_util, util } from '@tensorflow/tfjs-core'
import type { MaxPoolAttrs, MaxPoolGradAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'

type Shape4 = [number, number, number, number]

/** Max pooling. Stock, the gradient goes to the last of equal elements; here to the first, as on cpu and in PyTorch. */
export const maxPoolKernels: OwnKernels = (heapOf, stock) => ({
  MaxPool: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const attrs = args.attrs as unknown as MaxPoolAttrs
    if (x.dtype !== 'float32') return stock('MaxPool')(args)
    const heap = heapOf(args.backend)
    const words = poolWords(heap.address(x), x, attrs)
    if (!words) return stock('MaxPool')(args)
    const y = heap.output(words.outShape)
    heap.run('maxPool', [...words.list, heap.address(y)], { work: util.sizeFromShape(x.shape) })
    return y
  },
  MaxPoolGrad: (args) => {
    const { dy, input } = args.inputs as { dy: TensorInfo; input: TensorInfo }
    const attrs = args.attrs as unknown as MaxPoolGradAttrs
    if (input.dtype !== 'float32' || dy.dtype !== 'float32') return stock('MaxPoolGrad')(args)
    const heap = heapOf(args.backend)
    const words = poolWords(heap.address(input), input, attrs)
    if (!words) return stock('MaxPoolGrad')(args)
    const dx = heap.output(input.shape)
    heap.run('maxPoolGradient', [...words.list, heap.address(dy), heap.address(dx)], { work: util.sizeFromShape(input.shape) })
    return dx
  },
})

/** The parameters that both directions share; nothing for dilated windows. */
function poolWords(
  address: number,
  x: TensorInfo,
  attrs: MaxPoolAttrs | MaxPoolGradAttrs,
): { list: number[]; outShape: number[] } | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const sizes = backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode)
  if (sizes.dilationHeight !== 1 || sizes.dilationWidth !== 1 || sizes.dataFormat !== 'channelsLast') return undefined
  return {
    outShape: sizes.outShape,
    list: [
      address,
      sizes.batchSize,
      sizes.inHeight,
      sizes.inWidth,
      sizes.inChannels,
      sizes.filterHeight,
      sizes.filterWidth,
      sizes.strideHeight,
      sizes.strideWidth,
      sizes.padInfo.top,
      sizes.padInfo.left,
      sizes.outHeight,
      sizes.outWidth,
    ],
  }
}
