import { backend_util, slice_util, util } from '@tensorflow/tfjs-core'
import type { BincountAttrs, CastAttrs, ClipByValueAttrs, MaxPoolAttrs, SliceAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

type Shape4 = [number, number, number, number]

/** What the stock kernels get wrong, as on cpu. */
export const stockFaultsKernels: OwnKernels = (_heapOf, before) => ({
  /** Stock, NaN becomes a bound. */
  ClipByValue: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    if (x.dtype !== 'float32') return before('ClipByValue')(args)
    const { clipValueMin, clipValueMax } = args.attrs as unknown as ClipByValueAttrs
    const backend = args.backend as WasmBackend
    const y = backend.makeOutput(x.shape, 'float32')
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(y)]
    for (let i = 0; i < to.length; i++) {
      const value = from[i]
      to[i] = value < clipValueMin ? clipValueMin : value > clipValueMax ? clipValueMax : value
    }
    return y
  },
  /** Stock, a boolean keeps the lowest bits of a number. */
  Cast: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { dtype } = args.attrs as unknown as CastAttrs
    if (dtype !== 'bool' || (x.dtype !== 'float32' && x.dtype !== 'int32')) return before('Cast')(args)
    const backend = args.backend as WasmBackend
    const y = backend.makeOutput(x.shape, 'bool')
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(y)]
    for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1
    return y
  },
  /** Stock, a slice out of bounds reads the memory of something else. */
  Slice: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { begin, size } = args.attrs as unknown as SliceAttrs
    const [from, count] = slice_util.parseSliceParams(x, begin, size)
    slice_util.assertParamsValid(x, from, count)
    return before('Slice')(args)
  },
  /** Stock, the counts of anything but a vector have its first axis. */
  Bincount: (args) => {
    const { x, weights } = args.inputs as { x: TensorInfo; weights: TensorInfo }
    const flat = { ...x, shape: [util.sizeFromShape(x.shape)] }
    return before('Bincount')({ ...args, inputs: { x: flat, weights }, attrs: args.attrs as BincountAttrs & typeof args.attrs })
  },
  MaxPool: (args) => (isIdentity(args.inputs['x'] as TensorInfo, args.attrs) ? copy(args) : before('MaxPool')(args)),
  AvgPool: (args) => (isIdentity(args.inputs['x'] as TensorInfo, args.attrs) ? copy(args) : before('AvgPool')(args)),
})

/** Whether windows of one element give as many outputs as there are inputs. With padding and strides some windows hold no element at all. */
function isIdentity(x: TensorInfo, attrs: unknown): boolean {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as MaxPoolAttrs
  const sizes = backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode)
  return sizes.filterHeight === 1 && sizes.filterWidth === 1 && util.arraysEqual(sizes.inShape, sizes.outShape)
}

function copy({ inputs, backend }: { inputs: object; backend: object }): TensorInfo {
  return compose(backend, () => (inputs as { x: TensorInfo }).x)
}
