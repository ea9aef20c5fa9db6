import { backend_util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { Heap } from './heap.js'

/** Sizes of a two-dimensional convolution, batch and channels last, as TensorFlow.js computes them. */
export type ConvolutionSizes = backend_util.Conv2DInfo

/** Source that a band of rows may cover, so that its padded copy stays in the second-level cache. */
const BAND_BYTES = 256 << 10
/** Channels from which on the weight gradient copies its operands into dense streams. */
const PLANE_CHANNELS = 64
/** Room for a tile whose lanes are not all outputs. */
const SPILL_BYTES = 256

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64

/** Bytes of packed weights: outputs are rounded up to 4. */
const packedBytes = (depth: number, outputs: number): number => align(depth * (Math.ceil(outputs / 4) * 4 + 4) * 4)

/** A correlation of `source` with weights already packed, over a grid of outputs. All in elements, except the strides of the target in bytes. */
export interface Correlation {
  source: number
  batch: number
  height: number
  width: number
  channels: number
  padTop: number
  padLeft: number
  taps: number
  kernelWidth: number
  gridRows: number
  gridColumns: number
  stepRows: number
  stepColumns: number
  target: number
  imageBytes: number
  rowBytes: number
  columnBytes: number
  outputs: number
}

/** How the weights are read while they are packed. Strides in elements of the filter. */
export interface Packing {
  filter: number
  firstRow: number
  rowStep: number
  firstColumn: number
  columnStep: number
  strides: readonly [row: number, column: number, input: number, output: number]
  /** Outputs may be several groups of channels, `groupStride` apart. Default: all one group. */
  group?: number
  groupStride?: number
}

/** Bytes of transformed windows and products of a block. */
const WINOGRAD_BYTES = 128 << 10
/** Inputs and outputs from which on Winograd's algorithm is faster than the direct sum. */
const WINOGRAD_CHANNELS = 8
/** Windows from which on the transform of the weights pays. */
const WINOGRAD_WINDOWS = 48

/** Whether a correlation is one that Winograd's algorithm does, and does faster. */
function suitsWinograd(job: Correlation): boolean {
  return (
    job.taps === 3 &&
    job.kernelWidth === 3 &&
    job.stepRows === 1 &&
    job.stepColumns === 1 &&
    job.channels % 4 === 0 &&
    job.outputs % 8 === 0 &&
    Math.min(job.channels, job.outputs) >= WINOGRAD_CHANNELS &&
    windowsOf(job) >= WINOGRAD_WINDOWS &&
    job.columnBytes === job.outputs * 4 &&
    job.rowBytes === job.gridColumns * job.columnBytes &&
    job.imageBytes === job.gridRows * job.rowBytes
  )
}

/** Windows of 2 x 2 outputs. */
function windowsOf({ batch, gridRows, gridColumns }: Correlation): number {
  return batch * Math.ceil(gridRows / 2) * Math.ceil(gridColumns / 2)
}

/** Winograd's algorithm on weights already packed; `packed` bytes of them lie at `weights`, at the start of scratch memory. */
function correlateWinograd(heap: Heap, job: Correlation, packing: Packing): void {
  const windows = windowsOf(job)
  const windowBytes = (job.channels + job.outputs) * 64
  const block = clamp(Math.floor(WINOGRAD_BYTES / windowBytes / 4) * 4, 32, Math.ceil(windows / 4) * 4)
  const lineBytes = 4 * (job.gridColumns + 3) * job.channels * 4
  const partBytes = align(block * windowBytes + 2 * 16 * 64 + lineBytes)
  const packed = packedBytes(9 * job.channels, job.outputs)
  const transformedBytes = align(16 * job.channels * job.outputs * 4)
  const weights = heap.scratch(packed + transformedBytes + partBytes * heap.threads)
  pack(heap, job, packing, weights)
  heap.run('winogradWeights', [weights, job.channels, job.outputs, weights + packed])
  heap.run('winograd', [
    job.source,
    job.batch,
    job.height,
    job.width,
    job.channels,
    job.padTop,
    job.padLeft,
    weights + packed,
    job.gridRows,
    job.gridColumns,
    job.target,
    job.outputs,
    weights + packed + transformedBytes,
    partBytes,
    block,
  ])
}

function pack(heap: Heap, job: Correlation, packing: Packing, target: number): void {
  const [rowStride, columnStride, inputStride, outputStride] = packing.strides
  heap.runAlone('packWeights', [
    packing.filter,
    target,
    job.taps,
    job.kernelWidth,
    job.channels,
    job.outputs,
    packing.firstRow,
    packing.rowStep,
    packing.firstColumn,
    packing.columnStep,
    rowStride * 4,
    columnStride * 4,
    inputStride * 4,
    outputStride * 4,
    packing.group ?? job.outputs,
    (packing.groupStride ?? 0) * 4,
  ])
}

/** Packs the weights, then runs the correlation on all threads. */
export function correlate(heap: Heap, job: Correlation, packing: Packing): void {
  if (suitsWinograd(job)) {
    correlateWinograd(heap, job, packing)
    return
  }
  const paddedHeight = (job.gridRows - 1) * job.stepRows + job.taps
  const paddedWidth = (job.gridColumns - 1) * job.stepColumns + job.kernelWidth
  const copies = job.padTop > 0 || job.padLeft > 0 || paddedHeight - job.padTop > job.height || paddedWidth - job.padLeft > job.width
  const lineBytes = paddedWidth * job.channels * 4
  const bandRows = copies ? clamp(Math.floor((BAND_BYTES / lineBytes - job.taps) / job.stepRows) + 1, 1, job.gridRows) : job.gridRows
  const partBytes = align(SPILL_BYTES + (copies ? ((bandRows - 1) * job.stepRows + job.taps) * lineBytes : 0))
  const weightBytes = packedBytes(job.taps * job.kernelWidth * job.channels, job.outputs)
  const weights = heap.scratch(weightBytes + partBytes * heap.threads)
  pack(heap, job, packing, weights)
  heap.run('convolve', [
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
  ])
}

/** x `[batch, height, width, channels]`, filter `[height, width, channels, outputs]` → y; all float32, dilation 1. */
export function convolve(heap: Heap, x: TensorInfo, filter: TensorInfo, sizes: ConvolutionSizes): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = sizes
  const y = heap.output(sizes.outShape)
  if (batchSize * outHeight * outWidth * outChannels === 0) return y
  correlate(
    heap,
    {
      source: heap.address(x),
      batch: batchSize,
      height: inHeight,
      width: inWidth,
      channels: inChannels,
      padTop: sizes.padInfo.top,
      padLeft: sizes.padInfo.left,
      taps: filterHeight,
      kernelWidth: filterWidth,
      gridRows: outHeight,
      gridColumns: outWidth,
      stepRows: sizes.strideHeight,
      stepColumns: sizes.strideWidth,
      target: heap.address(y),
      imageBytes: outHeight * outWidth * outChannels * 4,
      rowBytes: outWidth * outChannels * 4,
      columnBytes: outChannels * 4,
      outputs: outChannels,
    },
    {
      filter: heap.address(filter),
      firstRow: 0,
      rowStep: 1,
      firstColumn: 0,
      columnStep: 1,
      strides: [filterWidth * inChannels * outChannels, inChannels * outChannels, outChannels, 1],
    },
  )
  return y
}

/** Input rows (or columns) whose gradient comes from the same taps: those with one remainder by the stride. */
interface Residue {
  /** Taps are `first`, `first + stride`, …; `count` of them. */
  first: number
  count: number
  /** The first input row, and how many there are, `stride` apart. */
  start: number
  length: number
  /** Padding before the output gradient; negative skips rows. */
  pad: number
}

function residues(size: number, kernel: number, stride: number, pad: number): Residue[] {
  return Array.from({ length: stride }, (_, first) => {
    const count = Math.max(0, Math.ceil((kernel - first) / stride))
    const offset = Math.max(0, Math.ceil((pad - first) / stride))
    const start = offset * stride + first - pad
    return { first, count, start, length: Math.max(0, Math.ceil((size - start) / stride)), pad: count - 1 - offset }
  })
}

/**
 * Columns whose residues are computed together, as one output of `merged` times the channels: neighbours in memory from the same window.
 * Few channels fill the vectors better that way.
 */
interface ColumnGroup extends Residue {
  readonly merged: number
}

function columnGroups(columns: readonly Residue[], channels: number, stride: number): ColumnGroup[] {
  const [first] = columns
  const alike = columns.every((column, i) => column.count === first.count && column.pad === first.pad && column.start === first.start + i)
  if (stride === 1 || !alike || channels % 8 === 0 || (channels * stride) % 4 !== 0)
    return columns.map((column) => ({ ...column, merged: 1 }))
  const length = Math.min(...columns.map((column) => column.length))
  // Where the width is no multiple of the stride, some residues have a column more.
  const rest = columns
    .filter((column) => column.length > length)
    .map((column) => ({
      ...column,
      start: column.start + length * stride,
      length: column.length - length,
      pad: column.pad - length,
      merged: 1,
    }))
  return [{ ...first, length, merged: stride }, ...rest]
}

/** The gradient by the input: the output gradient correlated with the flipped weights, once for every remainder by the strides. */
export function inputGradient(heap: Heap, dy: TensorInfo, filter: TensorInfo, sizes: ConvolutionSizes): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = sizes
  const { filterHeight, filterWidth, strideHeight, strideWidth } = sizes
  const dx = heap.output(sizes.inShape)
  if (batchSize * inHeight * inWidth * inChannels === 0) return dx
  const rows = residues(inHeight, filterHeight, strideHeight, sizes.padInfo.top)
  const columns = columnGroups(residues(inWidth, filterWidth, strideWidth, sizes.padInfo.left), inChannels, strideWidth)
  const empty = outHeight * outWidth * outChannels === 0
  if (empty || [...rows, ...columns].some((residue) => residue.count === 0)) heap.view(dx).fill(0)
  if (empty) return dx
  for (const row of rows) {
    for (const column of columns) {
      if (row.count * row.length * column.count * column.length === 0) continue
      correlate(
        heap,
        {
          source: heap.address(dy),
          batch: batchSize,
          height: outHeight,
          width: outWidth,
          channels: outChannels,
          padTop: row.pad,
          padLeft: column.pad,
          taps: row.count,
          kernelWidth: column.count,
          gridRows: row.length,
          gridColumns: column.length,
          stepRows: 1,
          stepColumns: 1,
          target: heap.address(dx) + (row.start * inWidth + column.start) * inChannels * 4,
          imageBytes: inHeight * inWidth * inChannels * 4,
          rowBytes: strideHeight * inWidth * inChannels * 4,
          columnBytes: strideWidth * inChannels * 4,
          outputs: column.merged * inChannels,
        },
        {
          filter: heap.address(filter),
          firstRow: row.first + (row.count - 1) * strideHeight,
          rowStep: -strideHeight,
          firstColumn: column.first + (column.count - 1) * strideWidth,
          columnStep: -strideWidth,
          strides: [filterWidth * inChannels * outChannels, inChannels * outChannels, 1, outChannels],
          group: inChannels,
          groupStride: inChannels * outChannels,
        },
      )
    }
  }
  return dx
}

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
  const { batch, height, width, channels, padTop, padLeft, taps, kernelWidth, gridRows, gridColumns, stepRows, stepColumns, outputs } = job
  const run = kernelWidth * channels
  const paddedHeight = (gridRows - 1) * stepRows + taps
  const paddedWidth = (gridColumns - 1) * stepColumns + kernelWidth
  const copies = padTop > 0 || padLeft > 0 || paddedHeight - padTop > height || paddedWidth - padLeft > width || run < 4
  // Dense streams pay where a pixel fills a cache line or more; panels also where vectors of outputs would reach past the tensor.
  const mode = channels % 4 === 0 && channels >= PLANE_CHANNELS ? 2 : copies ? 1 : 0
  const panels = outputs % 4 !== 0 || outputs >= PLANE_CHANNELS
  const rounded = Math.ceil(outputs / 4) * 4
  const columnBytes = (stepColumns * channels + rounded) * 4
  const blockColumns = clamp(Math.floor(BAND_BYTES / columnBytes), 16, gridColumns)
  const lineBytes = ((blockColumns - 1) * stepColumns + kernelWidth) * channels * 4
  const rowBytes = lineBytes * stepRows + blockColumns * rounded * 4
  const blockRows = blockColumns < gridColumns ? 1 : clamp(Math.floor(BAND_BYTES / rowBytes), 1, gridRows)
  const imageBytes = rowBytes * (blockRows + Math.ceil(taps / stepRows) - 1)
  const whole = blockRows === gridRows && blockColumns === gridColumns
  const blockImages = whole ? clamp(Math.floor(BAND_BYTES / imageBytes), 1, batch) : 1
  const inputBytes = mode > 0 ? align(blockImages * ((blockRows - 1) * stepRows + taps) * lineBytes) : 0
  const partBytes = align(inputBytes + (panels ? blockImages * blockRows * blockColumns * rounded * 4 : 0))
  const scratch = heap.scratch(partBytes * heap.threads)
  heap.run('weightGradient', [
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
    job.target,
    outputs,
    panels ? 1 : 0,
    scratch,
    partBytes,
    blockImages,
    blockRows,
    blockColumns,
  ])
}

/** The gradient by the weights, `[height, width, channels, outputs]`. */
export function weightGradient(heap: Heap, x: TensorInfo, dy: TensorInfo, sizes: ConvolutionSizes): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = sizes
  const dw = heap.output(sizes.filterShape)
  if (filterHeight * filterWidth * inChannels * outChannels === 0) return dw
  if (batchSize * outHeight * outWidth === 0) {
    heap.view(dw).fill(0)
    return dw
  }
  sumOverPixels(heap, {
    input: heap.address(x),
    batch: batchSize,
    height: inHeight,
    width: inWidth,
    channels: inChannels,
    padTop: sizes.padInfo.top,
    padLeft: sizes.padInfo.left,
    gradient: heap.address(dy),
    taps: filterHeight,
    kernelWidth: filterWidth,
    gridRows: outHeight,
    gridColumns: outWidth,
    stepRows: sizes.strideHeight,
    stepColumns: sizes.strideWidth,
    target: heap.address(dw),
    outputs: outChannels,
  })
  return dw
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value))
}
