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
    const [rows, depth] = matrixShape(a, transposeA)
    const [, columns] = matrixShape(b, transposeB)
    const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
    const y = backend.makeOutput([...batch, rows, columns], 'int32')
    const [from, by, to] = [a, b, y].map((tensor) => backend.typedArrayFromHeap(tensor))
    const [rowA, depthA] = transposeA ? [1, rows] : [depth, 1]
    const [depthB, columnB] = transposeB ? [1, depth] : [columns, 1]
    for (let i = 0; i < util.sizeFromShape(batch); i++) {
      // Either one matrix or one for each of the batch.
      const startA = (i * rows * depth) % from.length
      const startB = (i * depth * columns) % by.length
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

function matrixShape({ shape }: TensorInfo, transpose: boolean): [number, number] {
  const [last, previous] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1]
  return transpose ? [last, previous] : [previous, last]
}
