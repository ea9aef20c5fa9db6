import type { TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from '../kernels/require-floats.js'
import type { Heap } from './heap.js'
import type { OwnKernels } from './own-kernels.js'

/** Elements of a chunk whose sums are taken in float32. */
const CHUNK_ELEMENTS = 4096

/** How rows of lanes cover pixels of channels: channel counts that are no multiple of 4 are taken 2 or 4 pixels at a time. */
export interface Lanes {
  readonly channels: number
  readonly lanes: number
  readonly rows: number
  /** Pixels that fill no row. */
  readonly tail: number
  readonly chunkRows: number
  readonly partialBytes: number
  /** Vector operations of one pass, about. */
  readonly work: number
}

/** Lanes for a tensor whose last axis is channels. */
export function lanesOf(x: TensorInfo): Lanes {
  const channels = x.shape.at(-1) ?? 1
  const pixels = x.shape.slice(0, -1).reduce((product, size) => product * size, 1)
  const group = channels % 4 === 0 ? 1 : channels % 2 === 0 ? 2 : 4
  const lanes = channels * group
  const rows = Math.floor(pixels / group)
  const chunkRows = Math.max(32, Math.floor(CHUNK_ELEMENTS / lanes / 4) * 4)
  const partialBytes = Math.ceil(rows / chunkRows) * 2 * lanes * 4
  return { channels, lanes, rows, tail: pixels - rows * group, chunkRows, partialBytes, work: rows * lanes }
}

/** Values of channels, repeated over lanes where these are more. */
function repeat(heap: Heap, values: number, { channels, lanes }: Lanes, target: number): number {
  if (channels === lanes) return values
  heap.runAlone('repeatLanes', [values, channels, lanes, target])
  return target
}

/** target = relu?((x - mean) * scale + shift + residual?), with a table of the three. */
export function normalise(
  heap: Heap,
  x: number,
  target: number,
  residual: TensorInfo | undefined,
  relu: boolean,
  size: Lanes,
  table: number,
): void {
  const add = residual ? heap.address(residual) : 0
  heap.run('normApply', [x, size.rows, size.lanes, target, add, relu ? 1 : 0, table, size.tail * size.channels], { work: size.work })
}

/** The fused batch norms that `@audiotag/models` calls: statistics, normalisation, residual and ReLU in one kernel each way. */
export const batchNormKernels: OwnKernels = (heapOf) => ({
  AudiotagBatchNorm: ({ inputs, attrs, backend }) => {
    const { x, gamma, beta, residual } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo; residual?: TensorInfo }
    const { epsilon, relu } = attrs as unknown as { epsilon: number; relu: boolean }
    requireFloats('AudiotagBatchNorm', x, gamma, beta, residual)
    const heap = heapOf(backend)
    const size = lanesOf(x)
    const mean = heap.output([size.channels])
    const variance = heap.output([size.channels])
    const partials = heap.scratch(size.partialBytes + size.lanes * 12)
    const table = partials + size.partialBytes
    const words = [heap.address(x), size.rows, size.lanes, size.chunkRows, partials]
    heap.run('normStatistics', words, { work: size.work })
    const statistics = [heap.address(mean), heap.address(variance), heap.address(gamma), heap.address(beta)]
    heap.runAlone('normMerge', [...words, size.channels, size.tail, ...statistics, table], { reals: [epsilon] })
    const y = heap.output(x.shape)
    normalise(heap, heap.address(x), heap.address(y), residual, relu, size, table)
    return [y, mean, variance]
  },

  AudiotagBatchNormGrad: ({ inputs, attrs, backend }) => {
    const { dy, x, y, gamma, mean, variance } = inputs as Record<'dy' | 'x' | 'y' | 'gamma' | 'mean' | 'variance', TensorInfo>
    const { epsilon, relu, residual } = attrs as unknown as { epsilon: number; relu: boolean; residual: boolean }
    requireFloats('AudiotagBatchNormGrad', dy, x, y, gamma, mean, variance)
    const heap = heapOf(backend)
    const size = lanesOf(x)
    const dx = heap.output(x.shape)
    const dgamma = heap.output([size.channels])
    const dbeta = heap.output([size.channels])
    const dresidual = residual ? heap.output(x.shape) : undefined
    const partials = heap.scratch(size.partialBytes + size.lanes * 16)
    const table = partials + size.partialBytes
    const means = repeat(heap, heap.address(mean), size, table + size.lanes * 12)
    const mask = relu ? 1 : 0
    const [dyAt, xAt, yAt] = [heap.address(dy), heap.address(x), heap.address(y)]
    const words = [dyAt, size.rows, size.lanes, size.chunkRows, partials, xAt, yAt, mask, means]
    heap.run('normGradientSums', words, { work: size.work })
    const channelwise = [heap.address(variance), heap.address(gamma), heap.address(dgamma), heap.address(dbeta)]
    heap.runAlone('normGradientMerge', [...words, size.channels, size.tail, ...channelwise, table], { reals: [epsilon] })
    const targets = [heap.address(dx), dresidual ? heap.address(dresidual) : 0]
    heap.run('normGradientApply', [dyAt, size.rows, size.lanes, xAt, yAt, mask, means, table, ...targets, size.tail * size.channels], {
      work: size.work,
    })
    return dresidual ? [dx, dgamma, dbeta, dresidual] : [dx, dgamma, dbeta]
  },

  AudiotagAffine: ({ inputs, attrs, backend }) => {
    const { x, scale, shift, residual } = inputs as { x: TensorInfo; scale: TensorInfo; shift: TensorInfo; residual?: TensorInfo }
    const { relu } = attrs as unknown as { relu: boolean }
    requireFloats('AudiotagAffine', x, scale, shift, residual)
    const heap = heapOf(backend)
    const size = lanesOf(x)
    const table = heap.scratch(size.lanes * 12)
    heap.floats(table, size.lanes).fill(0)
    heap.runAlone('repeatLanes', [heap.address(scale), size.channels, size.lanes, table + size.lanes * 4])
    heap.runAlone('repeatLanes', [heap.address(shift), size.channels, size.lanes, table + size.lanes * 8])
    const y = heap.output(x.shape)
    normalise(heap, heap.address(x), heap.address(y), residual, relu, size, table)
    return [y]
  },
})
