import { backend_util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Result } from './binding.js'
import { compose, FLOAT, typeOf } from './compose.js'
import type { Operand, Operations } from './compose.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { isExplicit, padding, windowAttributes } from './spatial.js'
import type { Inputs } from './spatial.js'

interface PoolAttributes {
  readonly filterSize: [number, number] | number
  readonly strides: [number, number] | number
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

function sizesOf(x: TensorInfo, attrs: unknown): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as PoolAttributes
  return backend_util.computePool2DInfo(x.shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode)
}

/** Poolings with any padding. Stock, they take 'same' and 'valid' alone. */
export const poolingKernels: TensorFlowKernels = (backend, stock) => ({
  MaxPool: ({ inputs, attrs }) => {
    const { x } = inputs as Inputs<'x'>
    const sizes = sizesOf(x, attrs)
    return compose(backend, ({ run }) => [run('MaxPool', [typeOf(x), window(sizes), ...windowAttributes(sizes)], [x])])[0]
  },
  MaxPoolGrad: ({ inputs, attrs }) => {
    const { dy, input, output } = inputs as Inputs<'dy' | 'input' | 'output'>
    const sizes = sizesOf(input, attrs)
    return compose(backend, ({ run }) => [run('MaxPoolGrad', [FLOAT, window(sizes), ...windowAttributes(sizes)], [input, output, dy])])[0]
  },
  AvgPool: (call) => {
    const { x } = call.inputs as Inputs<'x'>
    const sizes = sizesOf(x, call.attrs)
    if (!isExplicit(sizes)) return stock('AvgPool')(call)
    return compose(backend, (operations) => {
      const sums = operations.run('AvgPool', averaging(sizes), [pad(operations, x, sizes)])
      return [operations.run('RealDiv', [FLOAT], [sums, shares(operations, sizes)])]
    })[0]
  },
  AvgPoolGrad: (call) => {
    const { dy, input } = call.inputs as Inputs<'dy' | 'input'>
    const sizes = sizesOf(input, call.attrs)
    if (!isExplicit(sizes)) return stock('AvgPoolGrad')(call)
    return compose(backend, (operations) => {
      const [top, bottom, left, right] = padding(sizes)
      const { batchSize, inHeight, inWidth, inChannels } = sizes
      const padded = operations.ints([batchSize, inHeight + top + bottom, inWidth + left + right, inChannels])
      const given = operations.run('RealDiv', [FLOAT], [dy, shares(operations, sizes)])
      const dx = operations.run('AvgPoolGrad', averaging(sizes), [padded, given])
      const attributes = [FLOAT, attribute.type('Index', DT.int32)]
      return [operations.run('Slice', attributes, [dx, operations.ints([0, top, left, 0]), operations.ints(input.shape)])]
    })[0]
  },
})

const window = (sizes: backend_util.Conv2DInfo): ReturnType<typeof attribute.int> =>
  attribute.int('ksize', [1, sizes.filterHeight, sizes.filterWidth, 1])

/** Attributes of an average over windows of what is padded already. */
function averaging(sizes: backend_util.Conv2DInfo): ReturnType<typeof attribute.int>[] {
  return [
    FLOAT,
    window(sizes),
    attribute.int('strides', [1, sizes.strideHeight, sizes.strideWidth, 1]),
    attribute.text('padding', 'VALID'),
    attribute.text('data_format', 'NHWC'),
  ]
}

function pad({ run, ints }: Operations, x: Operand, sizes: backend_util.Conv2DInfo): Result {
  const rows = run('Reshape', [attribute.type('T', DT.int32), attribute.type('Tshape', DT.int32)], [
    ints([0, 0, ...padding(sizes), 0, 0]),
    ints([4, 2]),
  ])
  return run('Pad', [FLOAT, attribute.type('Tpaddings', DT.int32)], [x, rows])
}

/** The part of each window that is not padding. */
function shares(operations: Operations, sizes: backend_util.Conv2DInfo): Result {
  const shape = [1, sizes.inHeight, sizes.inWidth, 1]
  const ones = operations.floats(Array.from({ length: sizes.inHeight * sizes.inWidth }, () => 1), shape)
  return operations.run('AvgPool', averaging(sizes), [pad(operations, ones, sizes)])
}
