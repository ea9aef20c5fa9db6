import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from '../kernels/require-floats.js'
import type { OwnKernels } from './own-kernels.js'

/** Sums by segment (stock: none), which is the gradient of gather, hence of embeddings. */
export const segmentSumKernel: OwnKernels = (heapOf) => ({
  UnsortedSegmentSum: ({ inputs, attrs, backend }) => {
    const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo }
    const { numSegments } = attrs as unknown as UnsortedSegmentSumAttrs
    requireFloats('UnsortedSegmentSum', x)
    if (segmentIds.dtype !== 'int32') {
      throw new BackendError('shape', `UnsortedSegmentSum: segmentIds must be int32, got ${segmentIds.dtype}. Cast them.`)
    }
    const heap = heapOf(backend)
    const rows = util.sizeFromShape(segmentIds.shape)
    const shape = x.shape.slice(segmentIds.shape.length)
    const y = heap.output([numSegments, ...shape])
    heap.view(y).fill(0)
    heap.run('segmentSum', [heap.address(x), rows, util.sizeFromShape(shape), heap.address(segmentIds), numSegments, heap.address(y)])
    return y
  },
})
