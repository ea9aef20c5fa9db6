import { broadcast_util, util } from '@tensorflow/tfjs-core'
import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/** Matrix products of integers and booleans (stock: refused), exact while sums stay below 2^53; kept to 32 bits as on cpu. In JavaScript: such matrices are small. */
export const integerProductKernel: OwnKernels = (_heapOf, before) => ({
  BatchMatMul: (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
    if (!isWhole(a) || !isWhole(b)) return before('BatchMatMul')(args)
    const { transposeA, transposeB } = args.attrs as unknown as BatchMatMulAttrs
    const backend = args.backend as WasmBackend
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const [rows, depth] = sizes(a, transposeA)
    const [, columns] = sizes(b, transposeB)
    const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
    const y = backend.makeOutput([...batch, rows, columns], 'int32')
    const [from, by, to] = [a, b, y].map((tensor) => backend.typedArrayFromHeap(tensor))
    const [rowA, depthA] = transposeA ? [1, rows] : [depth, 1]
    const [depthB, columnB] = transposeB ? [1, depth] : [columns, 1]
    const [matricesA, matricesB] = [matrixOf(batch, batchA), matrixOf(batch, batchB)]
    for (let i = 0; i < util.sizeFromShape(batch); i++) {
      const startA = matricesA(i) * rows * depth
      const startB = matricesB(i) * depth * columns
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0
          for (let k = 0; k < depth; k++) {
            sum += from[startA + row * rowA + k * depthA] * by[startB + k * depthB + column * columnB]
          }
          to[(i * rows + row) * columns + column] = sum
        }
      }
    }
    return y
  },
})

function isWhole({ dtype }: TensorInfo): boolean {
  return dtype === 'int32' || dtype === 'bool'
}

function sizes({ shape }: TensorInfo, transpose: boolean): [number, number] {
  const [last, previous] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1]
  return transpose ? [last, previous] : [previous, last]
}

/** Which matrix of an operand goes with a matrix of the broadcast result. */
function matrixOf(batch: readonly number[], own: readonly number[]): (index: number) => number {
  const strides = util.computeStrides([...batch, 1])
  const ownStrides = util.computeStrides([...own, 1])
  const offset = batch.length - own.length
  return (index) => {
    let matrix = 0
    for (let axis = offset; axis < batch.length; axis++) {
      const size = own[axis - offset]
      const place = Math.floor(index / strides[axis]) % batch[axis]
      if (size !== 1) matrix += place * ownStrides[axis - offset]
    }
    return matrix
  }
}
