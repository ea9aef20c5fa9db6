import type { Heap } from './heap.js'
import { packingWords, panelBytes } from './packing.js'
import type { Correlation, Packing } from './packing.js'
import { align, clamp } from './sizes.js'

/** Bytes of transformed windows and products of a block. */
const WINOGRAD_BYTES = 128 << 10
/** Inputs and outputs from which on Winograd's algorithm is faster than the direct sum. */
const WINOGRAD_CHANNELS = 8
/** Windows from which on the transform of the weights pays. */
const WINOGRAD_WINDOWS = 48
/** Windows up to which threads share out the outputs. */
const GROUP_WINDOWS = 128

/** Whether a correlation is one that Winograd's algorithm does, and does faster. */
export function suitsWinograd(job: Correlation): boolean {
  return suitsChannels(job, 1) && windowsOf(job) >= WINOGRAD_WINDOWS && isDense(job)
}

/** Whether 3 × 3 weights with that stride are ones that Winograd's algorithm does, and of enough channels to be faster. */
export function suitsChannels(
  job: Pick<Correlation, 'taps' | 'kernelWidth' | 'stepRows' | 'stepColumns' | 'channels' | 'outputs'>,
  stride: number,
): boolean {
  return (
    job.taps === 3 &&
    job.kernelWidth === 3 &&
    job.stepRows === stride &&
    job.stepColumns === stride &&
    job.channels % 4 === 0 &&
    job.outputs % 8 === 0 &&
    Math.min(job.channels, job.outputs) >= WINOGRAD_CHANNELS
  )
}

/** Whether the outputs follow one another without gaps. */
export function isDense(job: Correlation): boolean {
  return (
    job.columnBytes === job.outputs * 4 &&
    job.rowBytes === job.gridColumns * job.columnBytes &&
    job.imageBytes === job.gridRows * job.rowBytes
  )
}

/** Windows of 2 x 2 outputs. */
export function windowsOf({ batch, gridRows, gridColumns }: Pick<Correlation, 'batch' | 'gridRows' | 'gridColumns'>): number {
  return batch * Math.ceil(gridRows / 2) * Math.ceil(gridColumns / 2)
}

/**
 * Groups of the outputs that threads share out. With few windows each thread transforms all of them for outputs of its own, whose weights it has transformed itself: reading those of
 * the others from their caches takes longer.
 */
export function groupsOf(heap: Heap, windows: number, outputs: number): number {
  return windows <= GROUP_WINDOWS ? Math.min(heap.threads, outputs / 8) : 1
}

/** The correlation by Winograd's algorithm, in windows of 2 × 2 outputs. */
export function correlateWinograd(heap: Heap, job: Correlation, packing: Packing): void {
  const windows = windowsOf(job)
  const windowBytes = (job.channels + job.outputs) * 64
  const block = clamp(Math.floor(WINOGRAD_BYTES / windowBytes / 4) * 4, 32, Math.ceil(windows / 4) * 4)
  const lineBytes = 4 * (job.gridColumns + 3) * job.channels * 4
  const threadBytes = align(Math.max(block * windowBytes + 2 * 16 * 64 + lineBytes, panelBytes(job.channels)))
  const weightBytes = align(2 * job.outputs * (job.channels * 32 + 64))
  const weights = heap.scratch(weightBytes + threadBytes * heap.threads)
  const scratch = weights + weightBytes
  heap.run('winogradWeights', [...packingWords(job, packing, scratch), weights, threadBytes], { work: 16 * job.channels * job.outputs })
  heap.run(
    'winograd',
    [
      job.source,
      job.batch,
      job.height,
      job.width,
      job.channels,
      job.padTop,
      job.padLeft,
      weights,
      job.gridRows,
      job.gridColumns,
      job.target,
      job.outputs,
      scratch,
      threadBytes,
      block,
      groupsOf(heap, windows, job.outputs),
    ],
    { work: 4 * windows * job.channels * job.outputs },
  )
}
