import type { Heap } from './heap.js'
import type { PixelSum } from './pixel-sum.js'
import { align, clamp } from './sizes.js'
import { suitsChannels, windowsOf } from './winograd.js'

/** Bytes of transformed operands of a block. */
const BLOCK_BYTES = 128 << 10
/** Segments of the windows at most: threads share them out. */
const SEGMENTS = 8
/** Bytes of the sums of all segments at most, where there are several. */
const SUM_BYTES = 512 << 10
/** Windows of a segment and of a block at least: fewer, and adding their sums up costs more than it gains. */
const SEGMENT_WINDOWS = 64
/** Inputs of a group at least, where segments are fewer than parts: each group transforms all output gradients anew. */
const GROUP_CHANNELS = 32
/** The same where a thread would have no group. */
const FEWEST_CHANNELS = 16
/** Windows from which on Winograd's algorithm is faster than the direct sum, with stride 1 and 2. */
const MINIMUM_WINDOWS = [48, 16]

/** Whether a sum is a weight gradient that Winograd's algorithm does, and does faster. */
export function suitsWinogradGradient(job: PixelSum): boolean {
  return [1, 2].some((stride, i) => suitsChannels(job, stride) && windowsOf(job) >= MINIMUM_WINDOWS[i])
}

/** The sum by Winograd's algorithm: windows in segments, each with sums of its own, then the sums of the segments. */
export function sumWinograd(heap: Heap, job: PixelSum): void {
  const { channels, outputs } = job
  const windows = windowsOf(job)
  const sumBytes = 16 * (channels * outputs * 4 + 64)
  // By the shape alone: the number of threads must not change the order of summation.
  const segments = clamp(Math.floor(Math.min(windows / SEGMENT_WINDOWS, SUM_BYTES / (64 * channels * outputs))), 1, SEGMENTS)
  const most = Math.max(Math.floor(channels / GROUP_CHANNELS), Math.min(heap.threads, Math.floor(channels / FEWEST_CHANNELS)))
  const groups = clamp(Math.ceil(heap.parts / segments), 1, most)
  const segmentWindows = Math.ceil(windows / segments)
  // Positions of a window's inputs and output gradients.
  const [inputs, gradients] = job.stepRows === 2 ? [25, 9] : [16, 16]
  const windowBytes = (inputs * channels + gradients * outputs) * 4
  const block = clamp(Math.floor(BLOCK_BYTES / windowBytes), SEGMENT_WINDOWS, segmentWindows)
  const lineBytes = (job.stepRows + 3) * (job.stepRows * job.gridColumns + 3) * channels * 4
  const threadBytes = align(block * windowBytes + (inputs + gradients) * 64 + lineBytes)
  const sums = heap.scratch(sumBytes * segments + threadBytes * heap.threads)
  const image = [job.input, job.height, job.width, channels, job.padTop, job.padLeft]
  const grid = [job.gradient, job.gridRows, job.gridColumns, outputs]
  const shares = [windows, segments, groups, block]
  const memory = [sums, sumBytes, sums + sumBytes * segments, threadBytes, job.target]
  heap.run('winogradGradient', [...image, ...grid, ...shares, ...memory, job.stepRows], {
    work: (job.stepRows === 2 ? 25 / 4 : 4) * windows * channels * outputs,
    parts: Math.min(heap.parts, segments * groups),
  })
  if (segments === 1) return
  heap.run('winogradGradientFinish', [sums, sumBytes, segments, channels, outputs, job.target, job.stepRows], {
    work: (4 * segments + 8) * channels * outputs,
  })
}
