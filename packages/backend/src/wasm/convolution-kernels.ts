import { backend_util } from '@tensorflow/tfjs-core'
import type { Conv2DAttrs, Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { convolve, inputGradient, weightGradient } from './convolution.js'
import type { ConvolutionSizes } from './convolution.js'
import type { OwnKernels } from './own-kernels.js'

type Shape4 = [number, number, number, number]

/** Convolution, its input gradient (stock: 3 GFLOP/s) and its weight gradient (stock: none). Dilation stays with the stock kernel. */
export const convolutionKernels: OwnKernels = (heapOf, stock) => ({
  Conv2D: (args) => {
    const { inputs, attrs, backend } = args
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo }
    const { strides, pad, dilations, dimRoundingMode, dataFormat } = attrs as unknown as Conv2DAttrs
    const format = backend_util.convertConv2DDataFormat(dataFormat)
    const sizes = sizesOf(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode, format)
    if (!fits(sizes, x, filter)) return stock('Conv2D')(args)
    return convolve(heapOf(backend), x, filter, sizes)
  },
  Conv2DBackpropInput: (args) => {
    const { inputs, attrs, backend } = args
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo }
    const { strides, pad, dimRoundingMode, dataFormat, inputShape } = attrs as unknown as Conv2DBackpropInputAttrs
    const format = backend_util.convertConv2DDataFormat(dataFormat)
    const sizes = sizesOf(inputShape, filter.shape, strides, 1, pad, dimRoundingMode, format)
    if (!fits(sizes, dy, filter)) return stock('Conv2DBackpropInput')(args)
    return inputGradient(heapOf(backend), dy, filter, sizes)
  },
  Conv2DBackpropFilter: (args) => {
    const { inputs, attrs, backend } = args
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo }
    const { strides, pad, dimRoundingMode, dataFormat, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs
    const format = backend_util.convertConv2DDataFormat(dataFormat)
    const sizes = sizesOf(x.shape, filterShape, strides, 1, pad, dimRoundingMode, format)
    if (!fits(sizes, x, dy)) {
      throw new BackendError(
        'shape',
        `Conv2DBackpropFilter: the wasm backend takes float32 tensors [batch, height, width, channels], got ${x.dtype} and data format ${format}. ` +
          'Cast to float32 and transpose to channels last.',
      )
    }
    return weightGradient(heapOf(backend), x, dy, sizes)
  },
})

function sizesOf(
  input: readonly number[],
  filter: readonly number[],
  strides: number | [number, number],
  dilations: number | [number, number],
  pad: Conv2DAttrs['pad'],
  rounding: Conv2DAttrs['dimRoundingMode'],
  format: 'channelsFirst' | 'channelsLast',
): ConvolutionSizes {
  return backend_util.computeConv2DInfo(input as Shape4, filter as Shape4, strides, dilations, pad, rounding, false, format)
}

/** Whether the package's kernels can do it: channels last, no dilation, float32. */
export function fits(sizes: ConvolutionSizes, a: TensorInfo, b: TensorInfo): boolean {
  return (
    sizes.dataFormat === 'channelsLast' &&
    sizes.dilationHeight === 1 &&
    sizes.dilationWidth === 1 &&
    a.dtype === 'float32' &&
    b.dtype === 'float32'
  )
}
