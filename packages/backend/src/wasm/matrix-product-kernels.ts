import { broadcast_util, util } from '@tensorflow/tfjs-core'
import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { multiply } from './matrix-product.js'
import type { OwnKernels } from './own-kernels.js'

/** Matrix products. Stock, a transposed operand costs a factor of 10 to 50. */
export const matrixProductKernels: OwnKernels = (heapOf, stock) => ({
  BatchMatMul: (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
    const { transposeA, transposeB } = args.attrs as unknown as BatchMatMulAttrs
    const batchA = a.shape.slice(0, -2)
    const batchB = b.shape.slice(0, -2)
    const [rows, depth] = transposed(a.shape, transposeA)
    const [depthB, columns] = transposed(b.shape, transposeB)
    const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
    const size = util.sizeFromShape(batch)
    const [countA, countB] = [util.sizeFromShape(batchA), util.sizeFromShape(batchB)]
    const simple = (countA === size || countA === 1) && (countB === size || countB === 1)
    const empty = size * rows * columns * depth === 0
    const both = transposeA && transposeB
    if (!simple || empty || both || depth !== depthB || a.dtype !== 'float32' || b.dtype !== 'float32') return stock('BatchMatMul')(args)
    const heap = heapOf(args.backend)
    const y = heap.output([...batch, rows, columns])
    const [aAt, bAt, yAt] = [heap.address(a), heap.address(b), heap.address(y)]
    if (countB === 1 && !transposeA) {
      multiply(heap, { a: aAt, b: bAt, y: yAt, rows: countA * rows, depth, columns, transposeA, transposeB })
    } else {
      for (let i = 0; i < size; i++) {
        multiply(heap, {
          a: aAt + (countA === 1 ? 0 : i * rows * depth * 4),
          b: bAt + (countB === 1 ? 0 : i * depth * columns * 4),
          y: yAt + i * rows * columns * 4,
          rows,
          depth,
          columns,
          transposeA,
          transposeB,
        })
      }
    }
    return y
  },
})

function transposed(shape: readonly number[], transpose: boolean): [number, number] {
  const [last, before] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1]
  return transpose ? [last, before] : [before, last]
}
