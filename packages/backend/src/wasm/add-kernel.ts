import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'

/** The sum of two tensors of one shape, on all threads: the gradients that meet at each residual. Others stay with the stock kernel. */
export const addKernel: OwnKernels = (heapOf, stock) => ({
  Add: (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
    if (a.dtype !== 'float32' || b.dtype !== 'float32' || !util.arraysEqual(a.shape, b.shape)) return stock('Add')(args)
    const heap = heapOf(args.backend)
    const sum = heap.output(a.shape)
    const elements = util.sizeFromShape(a.shape)
    const from = heap.address(a)
    heap.run('addTerms', [from, heap.address(b) - from, 2, elements, heap.address(sum)], { work: elements })
    return sum
  },
})
