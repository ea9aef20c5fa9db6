import type { Heap } from './heap.js'
import { align, clamp } from './sizes.js'
import { suitsWinogradGradient, sumWinograd } from './winograd-gradient.js'

/** Bytes of both operands in a block, so that they stay in the second-level cache; more where weights are many, which every block reads and writes. */
const BLOCK_BYTES = 256 << 10
const MOST_BLOCK_BYTES = 2 << 20
/** Segments of the batch at most, each with sums of its own: threads share them out. */
const SEGMENTS = 8
/** Bytes of the sums of all segments at most, where there are several. */
const SUM_BYTES = 640 << 10
/** Output pixels of a segment at least. */
const SEGMENT_PIXELS = 128
/** Channels from which on the weight gradient copies its operands into dense streams. */
const PLANE_CHANNELS = 64
/** Times that a copied element must be read again for the copy to pay. */
const REUSE = 128

/** A sum over pixels of input windows times output gradients. Addresses and elements. */
export interface PixelSum {
  input: number
  batch: number
  height: number
  width: number
  channels: number
  padTop: number
  padLeft: number
  gradient: number
  taps: number
  kernelWidth: number
  gridRows: number
  gridColumns: number
  stepRows: number
  stepColumns: number
  target: number
  outputs: number
}

/** Sums over all pixels, in blocks of as many columns, then rows, then images as fit the cache with both operands. */
export function sumOverPixels(heap: Heap, job: PixelSum): void {
  if (suitsWinogradGradient(job)) {
    sumWinograd(heap, job)
    return
  }
  const { batch, height, width, channels, padTop, padLeft, taps, kernelWidth, gridRows, gridColumns, stepRows, stepColumns, outputs } = job
  const run = kernelWidth * channels
  const paddedHeight = (gridRows - 1) * stepRows + taps
  const paddedWidth = (gridColumns - 1) * stepColumns + kernelWidth
  const copies = padTop > 0 || padLeft > 0 || paddedHeight - padTop > height || paddedWidth - padLeft > width || run < 4
  // Dense streams pay where a pixel fills a cache line or more; panels also where vectors of outputs would reach past the tensor.
  const mode = channels % 4 === 0 && channels >= PLANE_CHANNELS && taps * outputs >= REUSE ? 2 : copies ? 1 : 0
  const panels = outputs % 4 !== 0 || (outputs >= PLANE_CHANNELS && taps * run >= REUSE)
  const rounded = Math.ceil(outputs / 4) * 4
  const weights = taps * run * outputs
  const blockBytes = clamp(weights * 4, BLOCK_BYTES, MOST_BLOCK_BYTES)
  const columnBytes = (stepColumns * channels + rounded) * 4
  const blockColumns = clamp(Math.floor(blockBytes / columnBytes), 16, gridColumns)
  const lineBytes = ((blockColumns - 1) * stepColumns + kernelWidth) * channels * 4
  const rowBytes = lineBytes * stepRows + blockColumns * rounded * 4
  const blockRows = blockColumns < gridColumns ? 1 : clamp(Math.floor(blockBytes / rowBytes), 1, gridRows)
  const imageBytes = rowBytes * (blockRows + Math.ceil(taps / stepRows) - 1)
  const whole = blockRows === gridRows && blockColumns === gridColumns
  // By the shape alone: the number of threads must not change the order of summation.
  const most = clamp(Math.min((batch * gridRows * gridColumns) / SEGMENT_PIXELS, SUM_BYTES / (weights * 4)), 1, SEGMENTS)
  const segments = Math.min(batch, 2 ** Math.floor(Math.log2(most)))
  const groups = Math.ceil(heap.threads / segments)
  const blockImages = whole ? clamp(Math.floor(blockBytes / imageBytes), 1, Math.ceil(batch / segments)) : 1
  const inputBytes = mode > 0 ? align(blockImages * ((blockRows - 1) * stepRows + taps) * lineBytes) : 0
  const threadBytes = align(inputBytes + (panels ? blockImages * blockRows * blockColumns * rounded * 4 : 0))
  const sumBytes = segments > 1 ? align(weights * 4) : 0
  const scratch = heap.scratch(threadBytes * heap.threads + sumBytes * segments)
  const sums = scratch + threadBytes * heap.threads
  heap.run(
    'weightGradient',
    [
      job.input,
      batch,
      height,
      width,
      channels,
      padTop,
      padLeft,
      mode,
      job.gradient,
      taps,
      run,
      gridRows,
      gridColumns,
      stepRows,
      stepColumns,
      segments > 1 ? sums : job.target,
      outputs,
      panels ? 1 : 0,
      scratch,
      threadBytes,
      blockImages,
      blockRows,
      blockColumns,
      segments,
      sumBytes,
      groups,
    ],
    { parts: Math.min(heap.parts, segments * groups), work: (batch * gridRows * gridColumns * weights) / 4 },
  )
  if (segments > 1) heap.run('addTerms', [sums, sumBytes, segments, weights, job.target], { work: (segments * weights) / 4 })
}
