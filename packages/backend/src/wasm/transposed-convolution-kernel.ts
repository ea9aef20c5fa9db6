import { backend_util } from '@tensorflow/tfjs-core'
import type { Conv2DBackpropInputAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { OwnKernels } from './own-kernels.js'

type Shape4 = [number, number, number, number]

/** `conv2dTranspose` takes images that are larger than its output shape calls for. What is too much, at the bottom and at the right, does not count. */
export const transposedConvolutionKernel: OwnKernels = (_heapOf, before) => ({
  Conv2DBackpropInput: (args) => {
    const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo }
    const { strides, pad, dimRoundingMode, dataFormat, inputShape } = args.attrs as unknown as Conv2DBackpropInputAttrs
    if (dataFormat === 'NCHW') return before('Conv2DBackpropInput')(args)
    const { outHeight, outWidth } = backend_util.computeConv2DInfo(inputShape, filter.shape as Shape4, strides, 1, pad, dimRoundingMode)
    const [batch, height, width, channels] = dy.shape
    if (height <= outHeight && width <= outWidth) return before('Conv2DBackpropInput')(args)
    const size = [batch, Math.min(height, outHeight), Math.min(width, outWidth), channels]
    return compose(args.backend, (run) => {
      const part = run('Slice', { x: dy }, { begin: [0, 0, 0, 0], size })
      return run('Conv2DBackpropInput', { ...args.inputs, dy: part }, args.attrs)
    })
  },
})
