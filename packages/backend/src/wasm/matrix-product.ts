import { correlate } from './correlation.js'
import type { Heap } from './heap.js'
import { sumOverPixels } from './pixel-sum.js'

/** y = op(a) · op(b); addresses, and sizes after transposing. At most one operand is transposed. */
export interface MatrixProduct {
  readonly a: number
  readonly b: number
  readonly y: number
  readonly rows: number
  readonly depth: number
  readonly columns: number
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/**
 * A product is a correlation whose window is one pixel: rows of a are pixels, depth is channels.
 * With a transposed it is the weight gradient of that correlation.
 */
export function multiply(heap: Heap, { a, b, y, rows, depth, columns, transposeA, transposeB }: MatrixProduct): void {
  if (transposeA) {
    sumOverPixels(heap, {
      input: a,
      batch: 1,
      height: depth,
      width: 1,
      channels: rows,
      padTop: 0,
      padLeft: 0,
      gradient: b,
      taps: 1,
      kernelWidth: 1,
      gridRows: depth,
      gridColumns: 1,
      stepRows: 1,
      stepColumns: 1,
      target: y,
      outputs: columns,
    })
    return
  }
  correlate(
    heap,
    {
      source: a,
      batch: 1,
      height: rows,
      width: 1,
      channels: depth,
      padTop: 0,
      padLeft: 0,
      taps: 1,
      kernelWidth: 1,
      gridRows: rows,
      gridColumns: 1,
      stepRows: 1,
      stepColumns: 1,
      target: y,
      imageBytes: rows * columns * 4,
      rowBytes: columns * 4,
      columnBytes: columns * 4,
      outputs: columns,
    },
    {
      filter: b,
      firstRow: 0,
      rowStep: 1,
      firstColumn: 0,
      columnStep: 1,
      strides: [0, 0, transposeB ? 1 : columns, transposeB ? depth : 1],
    },
  )
}
