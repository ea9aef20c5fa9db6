import type { Heap } from './heap.js'
import type { PixelSum } from './pixel-sum.js'
import { align, clamp } from './sizes.js'
import { windowsOf } from './winograd.js'

/** Bytes of transformed operands of a block. */
const BLOCK_BYTES = 256 << 10
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

/** The sum by Winograd's algorithm, block by block of windows. */
export function sumWinograd(heap: Heap, job: PixelSum): void {
  const { channels, outputs } = job
  const windows = windowsOf(job)
  const windowBytes = (channels + outputs) * 64
  const block = clamp(Math.floor(BLOCK_BYTES / windowBytes), 64, windows)
  const inputBytes = align(block * channels * 64 + 16 * 64)
  const gradientBytes = align(block * outputs * 64 + 16 * 64)
  const sumBytes = align(16 * channels * outputs * 4)
  const lineBytes = align(4 * (job.gridColumns + 3) * channels * 4)
  const input = heap.scratch(inputBytes + gradientBytes + sumBytes + lineBytes * heap.parts)
  const gradient = input + inputBytes
  const sums = gradient + gradientBytes
  for (let first = 0; first < windows; first += block) {
    const count = Math.min(block, windows - first)
    const image = [job.input, job.height, job.width, channels, job.padTop, job.padLeft]
    const grid = [job.gradient, job.gridRows, job.gridColumns, outputs]
    heap.run('winogradGradientTransform', [...image, ...grid, first, count, input, gradient, sums + sumBytes, lineBytes], {
      work: 8 * count * (channels + outputs),
    })
    heap.run('winogradGradientSum', [input, gradient, count, channels, outputs, sums, first === 0 ? 1 : 0], {
      work: 4 * count * channels * outputs,
    })
  }
  heap.run('winogradGradientFinish', [sums, channels, outputs, job.target], { work: 8 * channels * outputs })
}
