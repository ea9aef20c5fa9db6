import type { Heap } from './heap.js'
import { packingWords, panelBytes } from './packing.js'
import type { Correlation, PackedShape, Packing } from './packing.js'
import { align, clamp } from './sizes.js'
import { groupsOf, isDense, suitsChannels, windowsOf } from './winograd.js'

/** Bytes of transformed windows of a block. */
const BLOCK_BYTES = 192 << 10
/** Windows of a block at least: each block reads all weights. */
const BLOCK_WINDOWS = 32
/** Windows from which on the transform of the weights pays, here and in the input gradient. */
export const STRIDE2_WINDOWS = 16
/** Matrices of transformed weights, each of inputs times outputs. */
const MATRICES = 19

/** Whether a correlation is one with stride 2 that Winograd's algorithm does, and does faster. */
export function suitsStride2(job: Correlation): boolean {
  return suitsChannels(job, 2) && windowsOf(job) >= STRIDE2_WINDOWS && isDense(job)
}

/** The correlation by Winograd's algorithm, in windows of 2 × 2 outputs. */
export function correlateStride2(heap: Heap, job: Correlation, packing: Packing): void {
  const { batch, height, width, channels, padTop, padLeft, gridRows, gridColumns, outputs } = job
  const windows = windowsOf(job)
  const windowBytes = 25 * channels * 4 + 64
  const block = blockOf(windowBytes, windows)
  const lineBytes = 5 * (2 * gridColumns + 3) * channels * 4
  // Beside the windows: rows of 3 sums that outputs share, and the addresses of 4 outputs.
  const threadBytes = align(Math.max(block * (windowBytes + 3 * 32 + 4 * 4) + outputs * 4 + lineBytes, panelBytes(channels)))
  const { weights, scratch } = transformWeights(heap, job, packing, threadBytes)
  const image = [job.source, batch, height, width, channels, padTop, padLeft]
  heap.run(
    'winogradStride2',
    [...image, weights, gridRows, gridColumns, job.target, outputs, scratch, threadBytes, block, groupsOf(heap, windows, outputs)],
    {
      work: (25 * windows * channels * outputs) / 4,
    },
  )
}

/** Windows of a block, of which there are `windows` of `windowBytes` bytes in all. */
export function blockOf(windowBytes: number, windows: number): number {
  return clamp(Math.floor(BLOCK_BYTES / windowBytes / 4) * 4, BLOCK_WINDOWS, Math.ceil(windows / 4) * 4)
}

/** Puts transformed weights at the start of scratch memory; behind them each thread has `threadBytes` bytes, at least those of a panel. */
export function transformWeights(
  heap: Heap,
  shape: PackedShape,
  packing: Packing,
  threadBytes: number,
): { weights: number; scratch: number } {
  const { channels, outputs } = shape
  const bytes = align(MATRICES * channels * outputs * 4)
  const weights = heap.scratch(bytes + threadBytes * heap.threads)
  const scratch = weights + bytes
  heap.run('winogradStride2Weights', [...packingWords(shape, packing, scratch), weights, threadBytes], { work: 12 * channels * outputs })
  return { weights, scratch }
}
