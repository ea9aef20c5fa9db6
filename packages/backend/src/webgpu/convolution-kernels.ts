import { backend_util, util } from '@tensorflow/tfjs-core'
import type { Conv2DAttrs, Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { takesLowPrecision } from '../precision.js'
import type { GpuBackend } from './gpu-backend.js'
import type { OwnGpuKernels } from './own-kernels.js'
import type { Operand, Tile } from './product-source.js'
import { runProduct } from './run-product.js'

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

/** Whether a number lies in 0 … `size` - 1: one comparison. */
const within = (number: string, size: string): string => `u32(${number}) < u32(${size})`

/**
 * Names in code for the filter's pixel that a term belongs to, and for its channel. Where tiles of terms do not cross pixels, all threads share the pixel.
 */
const termOf = (channels: number, { terms }: Tile): { readonly pixel: string; readonly channel: string } =>
  channels % terms === 0
    ? { pixel: `k0 / ${channels}`, channel: `k0 % ${channels} + t` }
    : { pixel: `k / ${channels}`, channel: `k % ${channels}` }

/** A tensor that is a matrix as it lies, `[terms, channels]`. */
const matrixOf = (buffer: string, channels: number, shape: Tile): Operand => ({
  buffer,
  width: widthOf(channels),
  along: 'side',
  whole: channels % shape.columns === 0,
  prepare: '',
  locate: `place = k * ${channels} + m;`,
})

/** Rows are output pixels, columns output channels; summed over the filter's pixels and input channels. */
function convolve(gpu: GpuBackend, x: TensorInfo, filter: TensorInfo, sizes: Sizes): TensorInfo {
  const { filterWidth, strideHeight, strideWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = sizes
  const y = gpu.output(sizes.outShape)
  runProduct(gpu, {
    key: `convolution ${keyOf(sizes)}`,
    half: takesLowPrecision(sizes),
    vectors: inChannels % 4 === 0 && outChannels % 4 === 0,
    a: x,
    b: filter,
    y,
    rows: batchSize * outHeight * outWidth,
    columns: outChannels,
    inner: sizes.filterHeight * filterWidth * inChannels,
    words: wordsOf(sizes),
    source: (shape) => {
      const { pixel, channel } = termOf(inChannels, shape)
      return {
        words: WORDS,
        wholeSums: inChannels % shape.terms === 0,
        start: '',
        a: {
          buffer: 'x',
          width: widthOf(inChannels),
          along: 'sum',
          whole: false,
          prepare: `
      let line = m / u.outWidth;
      let row = line % u.outHeight * ${strideHeight} - u.padTop;
      let column = m % u.outWidth * ${strideWidth} - u.padLeft;
      h = vec3i((line / u.outHeight * u.inHeight + row) * u.inWidth + column, row, column);`,
          locate: `
      let pixel = ${pixel};
      let tapY = pixel / ${filterWidth};
      let tapX = pixel % ${filterWidth};
      inside = inside && ${within('h.y + tapY', 'u.inHeight')} && ${within('h.z + tapX', 'u.inWidth')};
      place = (h.x + tapY * u.inWidth + tapX) * ${inChannels} + ${channel};`,
        },
        b: matrixOf('weights', outChannels, shape),
        store: `place = m * ${outChannels};`,
      }
    },
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
    vectors: inChannels % 4 === 0 && outChannels % 4 === 0,
    gradient: 'a',
    a: dy,
    b: filter,
    y: dx,
    rows: batchSize * Math.ceil(inHeight / strideHeight) * Math.ceil(inWidth / strideWidth),
    columns: inChannels,
    inner: taps * outChannels,
    words: wordsOf(sizes),
    phases,
    source: (shape) => {
      const layer = phases > 1 ? 'layer' : '0'
      const { pixel, channel } = termOf(outChannels, shape)
      const tapOf = `
      let pixel = ${pixel};
      let tapY = pixel / tapsX;
      let tapX = pixel % tapsX;`
      const b: Operand = {
        buffer: 'weights',
        width: widthOf(outChannels),
        along: 'sum',
        whole: inChannels % shape.columns === 0,
        prepare: '',
        locate: `${tapOf}
      place = (((firstY + tapY * ${strideHeight}) * ${filterWidth} + firstX + tapX * ${strideWidth}) * ${inChannels} + m) * ${outChannels} + ${channel};`,
      }
      return {
        words: WORDS,
        wholeSums: outChannels % shape.terms === 0,
        start: `
  let phaseY = ${layer} / ${strideWidth};
  let phaseX = ${layer} % ${strideWidth};
  // The filter's first pixel that meets an output; further ones are a stride apart.
  let firstY = (phaseY + u.padTop) % ${strideHeight};
  let firstX = (phaseX + u.padLeft) % ${strideWidth};
  let tapsY = max(0, (${filterHeight - 1 + strideHeight} - firstY) / ${strideHeight});
  let tapsX = ${strideWidth > 1 ? `max(0, (${filterWidth - 1 + strideWidth} - firstX) / ${strideWidth})` : filterWidth};
  let gridHeight = (u.inHeight - phaseY + ${strideHeight - 1}) / ${strideHeight};
  let gridWidth = max(1, (u.inWidth - phaseX + ${strideWidth - 1}) / ${strideWidth});
  let batch = ${phases > 1 ? `u.rows / (((u.inHeight + ${strideHeight - 1}) / ${strideHeight}) * ((u.inWidth + ${strideWidth - 1}) / ${strideWidth}))` : 'u.rows / (u.inHeight * u.inWidth)'};
  rows = batch * gridHeight * max(0, (u.inWidth - phaseX + ${strideWidth - 1}) / ${strideWidth});
  inner = tapsY * tapsX * ${outChannels};`,
        a: {
          buffer: 'dy',
          width: widthOf(outChannels),
          along: 'sum',
          whole: false,
          prepare: `
      let line = m / gridWidth;
      let row = (line % max(1, gridHeight) * ${strideHeight} + phaseY + u.padTop - firstY) / ${strideHeight};
      let column = (m % gridWidth * ${strideWidth} + phaseX + u.padLeft - firstX) / ${strideWidth};
      h = vec3i((line / max(1, gridHeight) * u.outHeight + row) * u.outWidth + column, row, column);`,
          locate: `${tapOf}
      inside = inside && ${within('h.y - tapY', 'u.outHeight')} && ${within('h.z - tapX', 'u.outWidth')};
      place = (h.x - tapY * u.outWidth - tapX) * ${outChannels} + ${channel};`,
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
  const rows = filterHeight * filterWidth * inChannels
  runProduct(gpu, {
    key: `weight gradient ${keyOf(sizes)}`,
    half: takesLowPrecision(sizes),
    vectors: inChannels % 4 === 0 && outChannels % 4 === 0,
    gradient: 'b',
    a: x,
    b: dy,
    y: dfilter,
    rows,
    columns: outChannels,
    inner: batchSize * outHeight * outWidth,
    words: wordsOf(sizes),
    source: (shape) => ({
      words: WORDS,
      wholeSums: false,
      start: '',
      a: {
        buffer: 'x',
        width: widthOf(inChannels),
        along: 'side',
        whole: rows % shape.rows === 0,
        prepare: `h = vec3i(m % ${inChannels}, m / ${inChannels * filterWidth} - u.padTop, m / ${inChannels} % ${filterWidth} - u.padLeft);`,
        // Without signs a division takes fewer instructions.
        locate: `
      let line = u32(k) / u32(u.outWidth);
      let clip = line / u32(u.outHeight);
      let row = i32(line - clip * u32(u.outHeight)) * ${strideHeight} + h.y;
      let column = (k - i32(line) * u.outWidth) * ${strideWidth} + h.z;
      inside = inside && ${within('row', 'u.inHeight')} && ${within('column', 'u.inWidth')};
      place = ((i32(clip) * u.inHeight + row) * u.inWidth + column) * ${inChannels} + h.x;`,
      },
      b: matrixOf('dy', outChannels, shape),
      store: `place = m * ${outChannels};`,
    }),
  })
  return dfilter
}
