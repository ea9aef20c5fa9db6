import type { Heap } from './heap.js'
import { align } from './sizes.js'

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

/** Sizes of packed weights. */
export type PackedShape = Pick<Correlation, 'taps' | 'kernelWidth' | 'channels' | 'outputs'>

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

/** Bytes of packed weights: outputs are rounded up to 4. */
export function packedBytes(depth: number, outputs: number): number {
  return align(depth * (Math.ceil(outputs / 4) * 4 + 4) * 4)
}

/** Packs the weights into panels at `target`. */
export function packWeights(heap: Heap, job: PackedShape, packing: Packing, target: number): void {
  heap.run('packWeights', packingWords(job, packing, target), { work: job.taps * job.kernelWidth * job.channels * job.outputs })
}

/** The words of `packWeights`, and the first ones of kernels that pack a panel at a time and transform it, to scratch memory at `target`. */
export function packingWords(job: PackedShape, packing: Packing, target: number): number[] {
  const [rowStride, columnStride, inputStride, outputStride] = packing.strides
  return [
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
  ]
}

/** Bytes of a packed panel of 3 × 3 weights. */
export function panelBytes(channels: number): number {
  return 9 * channels * 32
}
