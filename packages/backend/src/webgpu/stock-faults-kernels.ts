import { backend_util, util } from '@tensorflow/tfjs-core'
import type { CumsumAttrs, KernelFunc, ProdAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import type { OwnGpuKernels } from './own-kernels.js'

/** Kernels of TensorFlow.js that give wrong results or none, made right with others of its. */
export const stockFaultsKernels: OwnGpuKernels = (stock) => {
  // Stock, a sum or product from the end takes the last element twice.
  const fromTheFront =
    (kernel: string): KernelFunc =>
    (args) => {
      const { x } = args.inputs as { x: TensorInfo }
      const { axis, reverse } = args.attrs as unknown as CumsumAttrs
      if (!reverse || x.shape.length === 0) return stock(kernel)(args)
      const gpu = args.backend as GpuBackend
      const flip = (tensor: TensorInfo): TensorInfo =>
        stock('Reverse')({ inputs: { x: tensor }, backend: gpu, attrs: { dims: [axis] } }) as TensorInfo
      const flipped = flip(x)
      const sums = stock(kernel)({ inputs: { x: flipped }, backend: gpu, attrs: { ...args.attrs, reverse: false } }) as TensorInfo
      const result = flip(sums)
      for (const { dataId } of [flipped, sums]) gpu.disposeData(dataId)
      return result
    }
  return {
    Cumsum: fromTheFront('Cumsum'),
    Cumprod: fromTheFront('Cumprod'),
    // Stock, keepDims is lost.
    Prod: (args) => {
      const { x } = args.inputs as { x: TensorInfo }
      const { axis, keepDims } = args.attrs as unknown as ProdAttrs
      const y = stock('Prod')(args) as TensorInfo
      return keepDims ? { ...y, shape: backend_util.expandShapeToKeepDim(y.shape, util.parseAxisParam(axis, x.shape)) } : y
    },
    // Stock, the program for more than one axis does not compile.
    Bincount: (args) => {
      const { x, weights } = args.inputs as { x: TensorInfo; weights: TensorInfo }
      return stock('Bincount')({ ...args, inputs: { x: flat(x), weights: flat(weights) } })
    },
  }
}

const flat = (tensor: TensorInfo): TensorInfo => ({ ...tensor, shape: [util.sizeFromShape(tensor.shape)] })
