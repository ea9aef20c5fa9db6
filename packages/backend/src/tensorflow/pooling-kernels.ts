import { backend_util, util } from '@tensorflow/tfjs-core'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { attribute, DT } from './binding.js'
import type { Attribute, Result } from './binding.js'
import { cast, compose, FLOAT, typeOf } from './compose.js'
import type { Operand, Operations } from './compose.js'
import type { NodeBackend } from './node-backend.js'
import { hasOneDnn, ONEDNN } from './onednn.js'
import type { TensorFlowKernels } from './own-kernels.js'
import type { Inputs } from './spatial.js'

interface PoolAttributes {
  readonly filterSize: number | [number, number, number]
  readonly strides: number | [number, number, number]
  readonly pad: 'valid' | 'same' | number
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** Sizes of a pooling over two axes or three, batch and channels among them. */
interface Windows {
  readonly inShape: readonly number[]
  readonly outShape: readonly number[]
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  /** Rows of padding before and after each axis, where it is neither TensorFlow's SAME nor VALID. */
  readonly pads: readonly (readonly [number, number])[] | undefined
  readonly padding: 'SAME' | 'VALID'
}

/** Poolings with any padding, over two axes or three. Stock, they take 'same' and 'valid' alone. */
export const poolingKernels: TensorFlowKernels = (backend) => ({
  MaxPool: maxPool(backend, 'MaxPool', 2),
  MaxPool3D: maxPool(backend, 'MaxPool3D', 3),
  MaxPoolWithArgmax: maxPoolWithArgmax(backend),
  MaxPoolGrad: maxPoolGradient(backend, 'MaxPoolGrad', 2),
  MaxPool3DGrad: maxPoolGradient(backend, 'MaxPool3DGrad', 3),
  AvgPool: averagePool(backend, 'AvgPool', 2),
  AvgPool3D: averagePool(backend, 'AvgPool3D', 3),
  AvgPoolGrad: averagePoolGradient(backend, 'AvgPoolGrad', 2),
  AvgPool3DGrad: averagePoolGradient(backend, 'AvgPool3DGrad', 3),
})

function windowsOf(x: TensorInfo, attrs: unknown, axes: 2 | 3): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as PoolAttributes
  if (axes === 2) {
    const info = backend_util.computePool2DInfo(x.shape as never, filterSize as number, strides as number, 1, pad, dimRoundingMode)
    const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth, inShape, outShape } = info
    return windows(inShape, outShape, [1, filterHeight, filterWidth, 1], [1, strideHeight, strideWidth, 1], padInfo.type, [
      padInfo.top,
      padInfo.left,
    ])
  }
  const info = backend_util.computePool3DInfo(x.shape as never, filterSize, strides, 1, pad, dimRoundingMode)
  const { padInfo, filterDepth, filterHeight, filterWidth, strideDepth, strideHeight, strideWidth, inShape, outShape } = info
  const sizes = [1, filterDepth, filterHeight, filterWidth, 1]
  return windows(inShape, outShape, sizes, [1, strideDepth, strideHeight, strideWidth, 1], padInfo.type, [
    padInfo.front,
    padInfo.top,
    padInfo.left,
  ])
}

function windows(
  inShape: readonly number[],
  outShape: readonly number[],
  sizes: readonly number[],
  strides: readonly number[],
  type: string,
  starts: readonly number[],
): Windows {
  const padding = type === 'SAME' ? 'SAME' : 'VALID'
  if (type === 'SAME' || type === 'VALID') return { inShape, outShape, sizes, strides, pads: undefined, padding }
  // What TensorFlow.js rounds up is padded further, since TensorFlow rounds down.
  const pads = [0, ...starts, 0].map((start, axis): [number, number] => {
    const end = (outShape[axis] - 1) * strides[axis] + sizes[axis] - inShape[axis] - start
    return [start, Math.max(0, end)]
  })
  return { inShape, outShape, sizes, strides, pads, padding }
}

const poolAttributes = ({ sizes, strides, padding }: Windows, type: Attribute = FLOAT, kind: string = padding): Attribute[] => [
  type,
  attribute.int('ksize', sizes),
  attribute.int('strides', strides),
  attribute.text('padding', kind),
  attribute.text('data_format', sizes.length === 4 ? 'NHWC' : 'NDHWC'),
]

/** Whether TensorFlow's own EXPLICIT padding will do: over two axes, with something of the input in every window. */
const padsWithin = ({ pads, sizes }: Windows): boolean =>
  pads?.length === 4 && pads.every(([start, end], axis) => Math.max(start, end) < sizes[axis])

const explicit = ({ pads = [] }: Windows): Attribute => attribute.int('explicit_paddings', pads.flat())

/** Whether a pooling changes nothing, or has no output at all: TensorFlow.js allows filters larger than the input. */
const isIdentity = ({ inShape, outShape, sizes }: Windows): boolean =>
  sizes.every((size) => size === 1) && util.arraysEqual([...inShape], [...outShape])
const isEmpty = ({ outShape }: Windows): boolean => outShape.some((size) => size <= 0)

function maxPool(backend: NodeBackend, name: string, axes: 2 | 3): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x } = inputs as Inputs<'x'>
    const sizes = windowsOf(x, attrs, axes)
    return compose(backend, (operations) => {
      const { run } = operations
      if (isEmpty(sizes)) return [empty(operations, sizes)]
      if (isIdentity(sizes)) return [run('Identity', [typeOf(x)], [x])]
      if (padsWithin(sizes)) return [run(name, [...poolAttributes(sizes, typeOf(x), 'EXPLICIT'), explicit(sizes)], [x])]
      return [run(name, poolAttributes(sizes, typeOf(x)), [padded(operations, x, sizes, -Infinity)])]
    })[0]
  }
}

/** Maxima and their places: flat indices of the input, counted in each image or over the batch. */
function maxPoolWithArgmax(backend: NodeBackend): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x } = inputs as Inputs<'x'>
    const sizes = windowsOf(x, attrs, 2)
    const { includeBatchInIndex } = attrs as unknown as { includeBatchInIndex: boolean }
    if (sizes.pads?.flat().some((pad) => pad > 0)) {
      throw new BackendError(
        'option',
        `maxPoolWithArgmax: on TensorFlow pad must be 'same', 'valid' or 0, got ${JSON.stringify((attrs as unknown as PoolAttributes).pad)}. Pad the input first.`,
      )
    }
    return compose(backend, (operations) => {
      const { run, runAll, floats } = operations
      // TensorFlow keeps a NaN that is the first of its window.
      const numbers = x.dtype === 'float32' ? run('SelectV2', [FLOAT], [run('IsNan', [FLOAT], [x]), floats([-Infinity]), x]) : x
      const long = attribute.type('Targmax', DT.int64)
      const batch = attribute.bool('include_batch_in_index', includeBatchInIndex)
      const attributes = poolAttributes(sizes, typeOf(x)).filter(({ name }) => name !== 'data_format')
      const [maxima, places] = runAll('MaxPoolWithArgmax', [...attributes, long, batch], [numbers], 2)
      return [maxima, cast(operations, places, DT.int64, DT.int32)]
    })
  }
}

function maxPoolGradient(backend: NodeBackend, name: string, axes: 2 | 3): KernelFunc {
  const more = axes === 3 ? [attribute.type('TInput', DT.float)] : []
  return ({ inputs, attrs }) => {
    const { dy, input, output } = inputs as Inputs<'dy' | 'input' | 'output'>
    const sizes = windowsOf(input, attrs, axes)
    return compose(backend, (operations) => {
      const { run, runAll } = operations
      if (isIdentity(sizes)) return [run('Identity', [FLOAT], [dy])]
      if (axes === 2 && hasOneDnn(backend)) {
        // It needs to know where each maximum was: finding them again takes a tenth of what TensorFlow's own takes for it.
        const attributes = [...poolAttributes(sizes), attribute.bool('workspace_enabled', true), ONEDNN]
        const image = padded(operations, input, sizes, -Infinity)
        const [maxima, places] = runAll('_MklNativeMaxPool', attributes, [image], 2)
        return [inner(operations, run('_MklNativeMaxPoolGrad', attributes, [image, maxima, dy, places]), sizes)]
      }
      if (padsWithin(sizes)) return [run(name, [...poolAttributes(sizes, FLOAT, 'EXPLICIT'), explicit(sizes)], [input, output, dy])]
      const given = [padded(operations, input, sizes, -Infinity), output, dy]
      return [inner(operations, run(name, [...poolAttributes(sizes), ...more], given), sizes)]
    })[0]
  }
}

function averagePool(backend: NodeBackend, name: string, axes: 2 | 3): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x } = inputs as Inputs<'x'>
    const sizes = windowsOf(x, attrs, axes)
    return compose(backend, (operations) => {
      const { run, floats } = operations
      if (isEmpty(sizes)) return [empty(operations, sizes)]
      if (isIdentity(sizes)) return [run('Identity', [typeOf(x)], [x])]
      const averages = run(name, poolAttributes(sizes, typeOf(x)), [padded(operations, x, sizes, 0)])
      if (!sizes.pads) return [averages]
      // Padding does not count: divided by the part of each window that is none.
      const shape = sizes.inShape.map((size, axis) => (axis === 0 || axis === sizes.inShape.length - 1 ? 1 : size))
      const ones = floats(
        Array.from({ length: util.sizeFromShape(shape) }, () => 1),
        shape,
      )
      const shares = run(name, poolAttributes(sizes), [padded(operations, ones, sizes, 0)])
      return [run('DivNoNan', [FLOAT], [averages, shares])]
    })[0]
  }
}

function averagePoolGradient(backend: NodeBackend, name: string, axes: 2 | 3): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, input } = inputs as Inputs<'dy' | 'input'>
    const sizes = windowsOf(input, attrs, axes)
    return compose(backend, (operations) => {
      const { run, ints } = operations
      if (isIdentity(sizes)) return [run('Identity', [FLOAT], [dy])]
      const shape = sizes.inShape.map((size, axis) => size + (sizes.pads?.[axis][0] ?? 0) + (sizes.pads?.[axis][1] ?? 0))
      // By whole windows, as TensorFlow.js's specs and its other backends have it.
      return [inner(operations, run(name, poolAttributes(sizes), [ints(shape), dy]), sizes)]
    })[0]
  }
}

/** No numbers, of the output's shape. */
const empty = ({ floats }: Operations, { outShape }: Windows): Result =>
  floats(
    [],
    outShape.map((size) => Math.max(0, size)),
  )

/** The input with its padding. */
function padded({ run, ints, floats }: Operations, x: Operand, { pads }: Windows, value: number): Operand {
  if (!pads) return x
  const rows = ints(pads.flat(), [pads.length, 2])
  return run('PadV2', [FLOAT, attribute.type('Tpaddings', DT.int32)], [x, rows, floats([value])])
}

/** A gradient without that of the padding. */
function inner({ run, ints }: Operations, dx: Result, { pads, inShape }: Windows): Result {
  if (!pads) return dx
  const starts = pads.map(([start]) => start)
  return run('Slice', [FLOAT, attribute.type('Index', DT.int32)], [dx, ints(starts), ints(inShape)])
}
