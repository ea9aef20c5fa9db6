import type { backend_util } from '@tensorflow/tfjs-core'

import type { Heap } from './heap.js'
import { panelBytes } from './packing.js'
import { align } from './sizes.js'
import { blockOf, STRIDE2_WINDOWS, transformWeights } from './winograd-stride2.js'
import { groupsOf, suitsChannels } from './winograd.js'

/** Whether the input gradient of a convolution is one with stride 2 that Winograd's algorithm does, and does faster. */
export function suitsInputGradientStride2(sizes: backend_util.Conv2DInfo): boolean {
  return suitsChannels(shapeOf(sizes), 2) && windowsOf(sizes) >= STRIDE2_WINDOWS
}

/** The input gradient by Winograd's algorithm, in windows of 4 × 4 pixels. Addresses of the output gradient, the filter and the target, all of which is written. */
export function inputGradientStride2(heap: Heap, dy: number, filter: number, target: number, sizes: backend_util.Conv2DInfo): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = sizes
  const windows = windowsOf(sizes)
  const windowBytes = 16 * outChannels * 4
  const block = blockOf(windowBytes, windows)
  const lineBytes = 3 * (Math.ceil(inWidth / 2) + 3) * outChannels * 4
  // Beside the windows: rows of 5 sums that pixels share, and the addresses of 16 pixels.
  const blockBytes = block * (windowBytes + 5 * 32 + 16 * 4) + 16 * 64 + inChannels * 4
  const threadBytes = align(Math.max(blockBytes + lineBytes, panelBytes(outChannels)))
  const { weights, scratch } = transformWeights(
    heap,
    shapeOf(sizes),
    {
      filter,
      firstRow: 0,
      rowStep: 1,
      firstColumn: 0,
      columnStep: 1,
      strides: [3 * inChannels * outChannels, inChannels * outChannels, 1, outChannels],
    },
    threadBytes,
  )
  // The first pixel gets its gradient from the middle tap, or from the outer ones: then also from the output gradient before.
  const [padTop, padLeft] = [1 - Math.ceil(padInfo.top / 2), 1 - Math.ceil(padInfo.left / 2)]
  const gradient = [dy, batchSize, outHeight, outWidth, outChannels, padTop, padLeft]
  const shares = [scratch, threadBytes, block, groupsOf(heap, windows, inChannels)]
  const parities = [padInfo.top % 2, padInfo.left % 2]
  heap.run('winogradStride2Input', [...gradient, weights, inHeight, inWidth, target, inChannels, ...shares, ...parities], {
    work: (25 * windows * inChannels * outChannels) / 4,
  })
}

function shapeOf({ filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels }: backend_util.Conv2DInfo) {
  return {
    taps: filterHeight,
    kernelWidth: filterWidth,
    stepRows: strideHeight,
    stepColumns: strideWidth,
    channels: outChannels,
    outputs: inChannels,
  }
}

function windowsOf({ batchSize, inHeight, inWidth }: backend_util.Conv2DInfo): number {
  return batchSize * Math.ceil(inHeight / 4) * Math.ceil(inWidth / 4)
}
