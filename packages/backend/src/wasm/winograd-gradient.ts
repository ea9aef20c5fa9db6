import type { Heap } from './heap.js'
import type { PixelSum } from './pixel-sum.js'
import { align, clamp } from './sizes.js'
import { windowsOf } from './winograd.js'

/** Bytes of transformed operands of a block. */
const BLOCK_BYTES = 256 << 10
/** Segments of the windows at most: threads share them out. */
const SEGMENTS = 8
/** Bytes of the sums of all segments at most, where there are several. */
const SUM_BYTES = 512 << 10
/** Windows of a segment and of a block at least: fewer, and adding their sums up costs more than it gains. */
const SEGMENT_WINDOWS = 64
/** Inputs of a group at least, where segments are fewer than parts: each group transforms all output gradients anew. */
const GROUP_CHANNELS = 32
/** Inputs and outputs from which on Winograd's algorithm is faster than the direct sum. */
const MINIMUM_CHANNELS = 8
/** Windows from which on it is. */
const MINIMUM_WINDOWS = 48

/** Whether a sum is a weight gradient that Winograd's algorithm does, and does faster. */
export function suitsWinogradGradient(job: PixelSum): boolean {
  return (
    job.taps === 3 &&
    job.kernelWidth === 3 &&
    job.stepRows === 1 &&
    job.stepColumns === 1 &&
    job.channels % 4 === 0 &&
    job.outputs % 8 === 0 &&
    Math.min(job.channels, job.outputs) >= MINIMUM_CHANNELS &&
    windowsOf(job) >= MINIMUM_WINDOWS
  )
}

/** The sum by Winograd's algorithm: windows in segments, each with sums of its own, then the sums of the segments. */
export function sumWinograd(heap: Heap, job: PixelSum): void {
  const { channels, outputs } = job
  const windows = windowsOf(job)
  const sumBytes = 64 * channels * outputs
  // By the shape alone: the number of threads must not change the order of summation.
  const segments = clamp(Math.floor(Math.min(windows / SEGMENT_WINDOWS, SUM_BYTES / sumBytes)), 1, SEGMENTS)
  const groups = clamp(Math.ceil(heap.parts / segments), 1, Math.max(1, Math.floor(channels / GROUP_CHANNELS)))
  const segmentWindows = Math.ceil(windows / segments)
  const block = clamp(Math.floor(BLOCK_BYTES / (channels + outputs) / 64), SEGMENT_WINDOWS, segmentWindows)
  const lineBytes = 4 * (job.gridColumns + 3) * channels * 4
  const threadBytes = align((block * (channels + outputs) + 2 * 16) * 64 + lineBytes)
  const sums = heap.scratch(sumBytes * segments + threadBytes * heap.threads)
  const image = [job.input, job.height, job.width, channels, job.padTop, job.padLeft]
  const grid = [job.gradient, job.gridRows, job.gridColumns, outputs]
  const shares = [windows, segments, groups, block]
  heap.run('winogradGradient', [...image, ...grid, ...shares, sums, sumBytes, sums + sumBytes * segments, threadBytes, job.target], {
    work: 4 * windows * channels * outputs,
    parts: Math.min(heap.parts, segments * groups),
  })
  if (segments === 1) return
  heap.run('winogradGradientFinish', [sums, sumBytes, segments, channels, outputs, job.target], {
    work: (4 * segments + 8) * channels * outputs,
  })
}
