import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core'

import { correlate } from './correlation.js'
import type { Heap } from './heap.js'
import { sumOverPixels } from './pixel-sum.js'
import { inputGradientStride2, suitsInputGradientStride2 } from './winograd-stride2-input.js'

/** Sizes of a two-dimensional convolution, batch and channels last, as TensorFlow.js computes them. */
export type ConvolutionSizes = backend_util.Conv2DInfo

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
  const all: Residue[] = []
  for (let first = 0; first < stride; first++) {
    const count = Math.max(0, Math.ceil((kernel - first) / stride))
    const offset = Math.max(0, Math.ceil((pad - first) / stride))
    const start = offset * stride + first - pad
    all.push({ first, count, start, length: Math.max(0, Math.ceil((size - start) / stride)), pad: count - 1 - offset })
  }
  return all
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
  const pays = stride > 1 && channels % 8 !== 0 && (channels * stride) % 4 === 0
  if (!pays || columns.some((column, i) => column.count !== first.count || column.pad !== first.pad || column.start !== first.start + i))
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
  if (suitsInputGradientStride2(sizes)) {
    inputGradientStride2(heap, heap.address(dy), heap.address(filter), heap.address(dx), sizes)
    return dx
  }
  const rows = residues(inHeight, filterHeight, strideHeight, sizes.padInfo.top)
  const columns = columnGroups(residues(inWidth, filterWidth, strideWidth, sizes.padInfo.left), inChannels, strideWidth)
  const empty = outHeight * outWidth * outChannels === 0
  if (empty || rows.some(({ count }) => count === 0) || columns.some(({ count }) => count === 0)) {
    const elements = batchSize * inHeight * inWidth * inChannels
    heap.run('clear', [heap.address(dx), elements], { work: elements / 4 })
  }
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
