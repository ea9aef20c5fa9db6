import type { Heap } from './heap.js'
import { packedBytes, packWeights } from './packing.js'
import type { Correlation, Packing } from './packing.js'
import { align, clamp } from './sizes.js'
import { correlateStride2, suitsStride2 } from './winograd-stride2.js'
import { correlateWinograd, suitsWinograd } from './winograd.js'

/** Source that a band of rows may cover, so that its padded copy stays in the second-level cache. */
const BAND_BYTES = 256 << 10
/** Room for a tile whose lanes are not all outputs. */
const SPILL_BYTES = 256

/** Packs the weights, then runs the correlation on all threads. */
export function correlate(heap: Heap, job: Correlation, packing: Packing): void {
  if (suitsWinograd(job)) {
    correlateWinograd(heap, job, packing)
    return
  }
  if (suitsStride2(job)) {
    correlateStride2(heap, job, packing)
    return
  }
  const paddedHeight = (job.gridRows - 1) * job.stepRows + job.taps
  const paddedWidth = (job.gridColumns - 1) * job.stepColumns + job.kernelWidth
  const copies = job.padTop > 0 || job.padLeft > 0 || paddedHeight - job.padTop > job.height || paddedWidth - job.padLeft > job.width
  const lineBytes = paddedWidth * job.channels * 4
  const bandRows = copies ? clamp(Math.floor((BAND_BYTES / lineBytes - job.taps) / job.stepRows) + 1, 1, job.gridRows) : job.gridRows
  const partBytes = align(SPILL_BYTES + (copies ? ((bandRows - 1) * job.stepRows + job.taps) * lineBytes : 0))
  const weightBytes = packedBytes(job.taps * job.kernelWidth * job.channels, job.outputs)
  const weights = heap.scratch(weightBytes + partBytes * heap.parts)
  packWeights(heap, job, packing, weights)
  heap.run(
    'convolve',
    [
      job.source,
      job.batch,
      job.height,
      job.width,
      job.channels,
      job.padTop,
      job.padLeft,
      paddedWidth,
      copies ? 1 : 0,
      weights,
      job.taps,
      job.kernelWidth * job.channels,
      job.gridRows,
      job.gridColumns,
      job.stepRows,
      job.stepColumns,
      job.target,
      job.imageBytes,
      job.rowBytes,
      job.columnBytes,
      job.outputs,
      weights + weightBytes,
      partBytes,
      bandRows,
    ],
    { work: (job.batch * job.gridRows * job.gridColumns * job.outputs * job.taps * job.kernelWidth * job.channels) / 4 },
  )
}
