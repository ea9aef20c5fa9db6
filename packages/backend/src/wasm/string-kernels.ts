import { backend_util, util } from '@tensorflow/tfjs-core'
import type { FillAttrs, KernelFunc, SparseToDenseAttrs, TensorInfo, TileAttrs } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

const COMPARISONS: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  Equal: (a, b) => a === b,
  NotEqual: (a, b) => a !== b,
  Greater: (a, b) => a > b,
  GreaterEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessEqual: (a, b) => a <= b,
}

/** Operations on strings that the stock kernels take for numbers (or abort): comparisons, `fill`, `tile`, `sparseToDense`. Strings never are on the heap. */
export const stringKernels: OwnKernels = (_heapOf, before) => ({
  ...Object.fromEntries(
    Object.entries(COMPARISONS).map(([name, compare]): [string, KernelFunc] => [
      name,
      (args) => {
        const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
        if (a.dtype !== 'string' || b.dtype !== 'string') return before(name)(args)
        const backend = args.backend as WasmBackend
        const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape)
        const y = backend.makeOutput(shape, 'bool')
        const [left, right] = [a, b].map((x) => backend_util.fromUint8ToStringArray(bytesOf(backend, x)))
        const [placeA, placeB] = [placeIn(shape, a.shape), placeIn(shape, b.shape)]
        const to = backend.typedArrayFromHeap(y)
        for (let i = 0; i < to.length; i++) to[i] = compare(left[placeA(i)], right[placeB(i)]) ? 1 : 0
        return y
      },
    ]),
  ),
  Fill: (args) => {
    const { shape, value, dtype } = args.attrs as unknown as FillAttrs
    if (typeof value !== 'string') return before('Fill')(args)
    const bytes = Array.from({ length: util.sizeFromShape(shape) }, () => util.encodeString(value))
    return stringTensor(args.backend as WasmBackend, shape, dtype, bytes)
  },
  Tile: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    if (x.dtype !== 'string') return before('Tile')(args)
    const { reps } = args.attrs as unknown as TileAttrs
    const shape = x.shape.map((size, axis) => size * reps[axis])
    const from = bytesOf(args.backend as WasmBackend, x)
    const place = placeIn(shape, x.shape)
    const bytes = Array.from({ length: util.sizeFromShape(shape) }, (_, i) => from[place(i)])
    return stringTensor(args.backend as WasmBackend, shape, 'string', bytes)
  },
  SparseToDense: (args) => {
    const { sparseIndices, sparseValues, defaultValue } = args.inputs as Record<string, TensorInfo>
    if (sparseValues.dtype !== 'string') return before('SparseToDense')(args)
    const backend = args.backend as WasmBackend
    const { outputShape } = args.attrs as unknown as SparseToDenseAttrs
    const { sliceRank, numUpdates, strides, outputSize } = backend_util.calculateShapes(sparseValues, sparseIndices, outputShape)
    const [standard] = bytesOf(backend, defaultValue)
    const bytes = Array.from({ length: outputSize }, () => standard)
    const values = bytesOf(backend, sparseValues)
    const indices = backend.typedArrayFromHeap(sparseIndices)
    for (let i = 0; i < numUpdates; i++) {
      let place = 0
      for (let axis = 0; axis < sliceRank; axis++) place += indices[i * sliceRank + axis] * strides[axis]
      if (!(place >= 0 && place < outputSize)) {
        throw new BackendError(
          'shape',
          `sparseToDense: indices must lie within [${outputShape.join(', ')}], got ${place} of ${outputSize}.`,
        )
      }
      bytes[place] = values[values.length === 1 ? 0 : i]
    }
    return stringTensor(backend, outputShape, 'string', bytes)
  },
})

function bytesOf(backend: WasmBackend, x: TensorInfo): Uint8Array[] {
  return backend.readSync(x.dataId) as unknown as Uint8Array[]
}

function stringTensor(backend: WasmBackend, shape: number[], dtype: FillAttrs['dtype'], bytes: Uint8Array[]): TensorInfo {
  return backend.makeOutput(shape, dtype, undefined, bytes)
}

/** The element of a tensor that is repeated (axis sizes divide those of `shape`) for an element of `shape`. */
function placeIn(shape: readonly number[], own: readonly number[]): (index: number) => number {
  const offset = shape.length - own.length
  return (index) => {
    let place = 0
    let stride = 1
    let rest = index
    for (let axis = shape.length - 1; axis >= offset; axis--) {
      place += ((rest % shape[axis]) % own[axis - offset]) * stride
      stride *= own[axis - offset]
      rest = Math.floor(rest / shape[axis])
    }
    return place
  }
}
