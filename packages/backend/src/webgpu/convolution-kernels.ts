import { backend_util, util } from '@tensorflow/tfjs-core'
import type { Conv2DAttrs, Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { takesLowPrecision } from '../precision.js'
import type { GpuBackend } from './gpu-backend.js'
import type { OwnGpuKernels } from './own-kernels.js'
import { runProduct } from './tiled-product.js'
import type { Operand } from './tiled-product.js'

type Shape4 = [number, number, number, number]
type Sizes = backend_util.Conv2DInfo

/**
 * Convolution and both gradients as tiled matrix products whose operands are gathered from the tensors. Stock, the gradients are one thread a number
 * with two loads a multiplication. Dilation and channels first stay with the stock kernels.
 */
export const convolutionKernels: OwnGpuKernels = (stock) => ({
  Conv2D: (args) => {
    const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo }
    const { strides, pad, dilations, dimRoundingMode, dataFormat } = args.attrs as unknown as Conv2DAttrs
    const sizes = sizesOf(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode, dataFormat)
    if (!fits(sizes, x, filter)) return stock('Conv2D')(args)
    return convolve(args.backend as GpuBackend, x, filter, sizes)
  },
  Conv2DBackpropInput: (args) => {
    const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo }
    const { strides, pad, dimRoundingMode, dataFormat, inputShape } = args.attrs as unknown as Conv2DBackpropInputAttrs
    const sizes = sizesOf(inputShape, filter.shape, strides, 1, pad, dimRoundingMode, dataFormat)
    if (!fits(sizes, dy, filter) || !util.arraysEqual(dy.shape, sizes.outShape)) return stock('Conv2DBackpropInput')(args)
    return inputGradient(args.backend as GpuBackend, dy, filter, sizes)
  },
  Conv2DBackpropFilter: (args) => {
    const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo }
    const { strides, pad, dimRoundingMode, dataFormat, filterShape } = args.attrs as unknown as Conv2DBackpropFilterAttrs
    const sizes = sizesOf(x.shape, filterShape, strides, 1, pad, dimRoundingMode, dataFormat)
    if (!fits(sizes, x, dy) || !util.arraysEqual(dy.shape, sizes.outShape)) return stock('Conv2DBackpropFilter')(args)
    return weightGradient(args.backend as GpuBackend, x, dy, sizes)
  },
})

function sizesOf(
  input: readonly number[],
  filter: readonly number[],
  strides: number | [number, number],
  dilations: number | [number, number],
  pad: Conv2DAttrs['pad'],
  rounding: Conv2DAttrs['dimRoundingMode'],
  dataFormat: 'NHWC' | 'NCHW',
): Sizes {
  const format = backend_util.convertConv2DDataFormat(dataFormat)
  return backend_util.computeConv2DInfo(input as Shape4, filter as Shape4, strides, dilations, pad, rounding, false, format)
}

/** Whether the package's kernels can do it: channels last, no dilation, float32, nothing empty. */
function fits(sizes: Sizes, a: TensorInfo, b: TensorInfo): boolean {
  return (
    sizes.dataFormat === 'channelsLast' &&
    sizes.dilationHeight === 1 &&
    sizes.dilationWidth === 1 &&
    a.dtype === 'float32' &&
    b.dtype === 'float32' &&
    util.sizeFromShape(sizes.inShape) > 0 &&
    util.sizeFromShape(sizes.outShape) > 0 &&
    util.sizeFromShape(sizes.filterShape) > 0
  )
}

/** Integers of a convolution that differ from clip to clip; those of the layer are constants of its programs. */
const WORDS = ['inHeight', 'inWidth', 'outHeight', 'outWidth', 'padTop', 'padLeft']

const wordsOf = ({ inHeight, inWidth, outHeight, outWidth, padInfo }: Sizes): number[] => [
  inHeight,
  inWidth,
  outHeight,
  outWidth,
  padInfo.top,
  padInfo.left,
]

const keyOf = ({ filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels }: Sizes): string =>
  [filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels].join(' ')

const widthOf = (channels: number): 1 | 4 => (channels % 4 === 0 ? 4 : 1)

/** Rows are output pixels, columns output channels; summed over the filter's pixels and input channels. */
function convolve(gpu: GpuBackend, x: TensorInfo, filter: TensorInfo, sizes: Sizes): TensorInfo {
  const { filterWidth, strideHeight, strideWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = sizes
  const y = gpu.output(sizes.outShape)
  runProduct(gpu, {
    key: `convolution ${keyOf(sizes)}`,
    half: takesLowPrecision(sizes),
    a: x,
    b: filter,
    y,
    rows: batchSize * outHeight * outWidth,
    columns: outChannels,
    inner: sizes.filterHeight * filterWidth * inChannels,
    words: wordsOf(sizes),
    source: () => ({
      words: WORDS,
      start: '',
      a: {
        buffer: 'x',
        width: widthOf(inChannels),
        along: 'sum',
        prepare: `vec3i(
      m / u.outWidth / u.outHeight * u.inHeight,
      m / u.outWidth % u.outHeight * ${strideHeight} - u.padTop,
      m % u.outWidth * ${strideWidth} - u.padLeft)`,
        locate: `
      let row = h.y + k / ${inChannels * filterWidth};
      let column = h.z + k / ${inChannels} % ${filterWidth};
      inside = inside && row >= 0 && row < u.inHeight && column >= 0 && column < u.inWidth;
      place = ((h.x + row) * u.inWidth + column) * ${inChannels} + k % ${inChannels};`,
      },
      b: { buffer: 'weights', width: widthOf(outChannels), along: 'side', prepare: '', locate: `place = k * ${outChannels} + m;` },
      store: `place = m * ${outChannels};`,
    }),
  })
  return y
}

/**
 * Rows are input pixels, columns input channels; summed over those filter pixels that meet an output, and output channels. With a stride, pixels of one
 * phase meet the same filter pixels: each phase is a product.
 */
function inputGradient(gpu: GpuBackend, dy: TensorInfo, filter: TensorInfo, sizes: Sizes): TensorInfo {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels, batchSize, inHeight, inWidth } = sizes
  const dx = gpu.output(sizes.inShape)
  const phases = strideHeight * strideWidth
  const taps = Math.ceil(filterHeight / strideHeight) * Math.ceil(filterWidth / strideWidth)
  runProduct(gpu, {
    key: `input gradient ${keyOf(sizes)}`,
    half: takesLowPrecision(sizes),
    gradient: 'a',
    a: dy,
    b: filter,
    y: dx,
    rows: batchSize * Math.ceil(inHeight / strideHeight) * Math.ceil(inWidth / strideWidth),
    columns: inChannels,
    inner: taps * outChannels,
    words: wordsOf(sizes),
    phases,
    source: () => {
      const layer = phases > 1 ? 'layer' : '0'
      const tapOf = `
      let tapY = k / (${outChannels} * tapsX);
      let tapX = k / ${outChannels} % tapsX;`
      const b: Operand = {
        buffer: 'weights',
        width: widthOf(outChannels),
        along: 'sum',
        prepare: '',
        locate: `${tapOf}
      place = (((firstY + tapY * ${strideHeight}) * ${filterWidth} + firstX + tapX * ${strideWidth}) * ${inChannels} + m) * ${outChannels} + k % ${outChannels};`,
      }
      return {
        words: WORDS,
        start: `
  let phaseY = ${layer} / ${strideWidth};
  let phaseX = ${layer} % ${strideWidth};
  // The filter's first pixel that meets an output; further ones are a stride apart.
  let firstY = (phaseY + u.padTop) % ${strideHeight};
  let firstX = (phaseX + u.padLeft) % ${strideWidth};
  let tapsY = max(0, (${filterHeight - 1 + strideHeight} - firstY) / ${strideHeight});
  let tapsX = max(0, (${filterWidth - 1 + strideWidth} - firstX) / ${strideWidth});
  let gridHeight = (u.inHeight - phaseY + ${strideHeight - 1}) / ${strideHeight};
  let gridWidth = max(1, (u.inWidth - phaseX + ${strideWidth - 1}) / ${strideWidth});
  let batch = ${phases > 1 ? `u.rows / (((u.inHeight + ${strideHeight - 1}) / ${strideHeight}) * ((u.inWidth + ${strideWidth - 1}) / ${strideWidth}))` : 'u.rows / (u.inHeight * u.inWidth)'};
  rows = batch * gridHeight * max(0, (u.inWidth - phaseX + ${strideWidth - 1}) / ${strideWidth});
  inner = tapsY * tapsX * ${outChannels};`,
        a: {
          buffer: 'dy',
          width: widthOf(outChannels),
          along: 'sum',
          prepare: `vec3i(
      m / gridWidth / max(1, gridHeight) * u.outHeight,
      (m / gridWidth % max(1, gridHeight) * ${strideHeight} + phaseY + u.padTop - firstY) / ${strideHeight},
      (m % gridWidth * ${strideWidth} + phaseX + u.padLeft - firstX) / ${strideWidth})`,
          locate: `${tapOf}
      let row = h.y - tapY;
      let column = h.z - tapX;
      inside = inside && row >= 0 && row < u.outHeight && column >= 0 && column < u.outWidth;
      place = ((h.x + row) * u.outWidth + column) * ${outChannels} + k % ${outChannels};`,
        },
        b,
        store: `
    let n = m / gridWidth / gridHeight;
    let row = m / gridWidth % gridHeight * ${strideHeight} + phaseY;
    let column = m % gridWidth * ${strideWidth} + phaseX;
    place = ((n * u.inHeight + row) * u.inWidth + column) * ${inChannels};`,
      }
    },
  })
  return dx
}

/** Rows are filter pixels and input channels, columns output channels; summed over the output pixels of all clips. */
function weightGradient(gpu: GpuBackend, x: TensorInfo, dy: TensorInfo, sizes: Sizes): TensorInfo {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = sizes
  const dfilter = gpu.output(sizes.filterShape)
  runProduct(gpu, {
    key: `weight gradient ${keyOf(sizes)}`,
    half: takesLowPrecision(sizes),
    gradient: 'b',
    a: x,
    b: dy,
    y: dfilter,
    rows: filterHeight * filterWidth * inChannels,
    columns: outChannels,
    inner: batchSize * outHeight * outWidth,
    words: wordsOf(sizes),
    source: () => ({
      words: WORDS,
      start: '',
      a: {
        buffer: 'x',
        width: widthOf(inChannels),
        along: 'side',
        prepare: `vec3i(m % ${inChannels}, m / ${inChannels * filterWidth} - u.padTop, m / ${inChannels} % ${filterWidth} - u.padLeft)`,
        locate: `
      let row = k / u.outWidth % u.outHeight * ${strideHeight} + h.y;
      let column = k % u.outWidth * ${strideWidth} + h.z;
      inside = inside && row >= 0 && row < u.inHeight && column >= 0 && column < u.inWidth;
      place = ((k / u.outWidth / u.outHeight * u.inHeight + row) * u.inWidth + column) * ${inChannels} + h.x;`,
      },
      b: { buffer: 'dy', width: widthOf(outChannels), along: 'side', prepare: '', locate: `place = k * ${outChannels} + m;` },
      store: `place = m * ${outChannels};`,
    }),
  })
  return dfilter
}
