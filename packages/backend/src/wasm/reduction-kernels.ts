import { util } from '@tensorflow/tfjs-core'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'

/** Rows that are summed one after the other; the sums of such blocks are summed then, whatever the number of threads. */
const BLOCK_ROWS = 512

/** Fewer columns than a vector has lanes stay with the stock kernel. */
const LEAST_COLUMNS = 4

/** Sums and means over neighbouring axes before the last, as over batch and pixels in batch norm: stock, they transpose first. */
export const reductionKernels: OwnKernels = (heapOf, stock) => {
  const reduce =
    (name: 'Sum' | 'Mean'): KernelFunc =>
    (args) => {
      const { x } = args.inputs as { x: TensorInfo }
      const { axis, keepDims } = args.attrs as unknown as { axis: number | number[]; keepDims: boolean }
      const axes = util.parseAxisParam(axis, x.shape)
      const [first, last] = [Math.min(...axes), Math.max(...axes)]
      const [images, rows, columns] = [x.shape.slice(0, first), x.shape.slice(first, last + 1), x.shape.slice(last + 1)].map((sizes) =>
        util.sizeFromShape(sizes),
      )
      const empty = util.sizeFromShape(x.shape) === 0
      const fits = axes.length === last - first + 1 && columns >= LEAST_COLUMNS
      if (x.dtype !== 'float32' || !(fits || empty)) return stock(name)(args)
      const heap = heapOf(args.backend)
      const y = heap.output(x.shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size])))
      if (empty) {
        heap.view(y).fill(name === 'Sum' ? 0 : NaN) // stock: a division by zero in WebAssembly
        return y
      }
      const divisor = name === 'Mean' ? rows : 1
      const blocks = Math.ceil(rows / BLOCK_ROWS)
      const work = (images * rows * columns) / 4
      const target = heap.address(y)
      if (blocks === 1) {
        heap.run('sumRows', [heap.address(x), rows, columns, 1, rows, images, target], { reals: [divisor], work })
        return y
      }
      const sums = heap.scratch(images * blocks * columns * 4)
      heap.run('sumRows', [heap.address(x), rows, columns, blocks, BLOCK_ROWS, images * blocks, sums], { reals: [1], work })
      heap.run('sumRows', [sums, blocks, columns, 1, blocks, images, target], { reals: [divisor], work: work / BLOCK_ROWS })
      return y
    }
  return { Sum: reduce('Sum'), Mean: reduce('Mean') }
}
