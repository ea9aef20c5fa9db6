import { backend_util, util } from '@tensorflow/tfjs-core'
import type { MaxPoolAttrs, MaxPoolGradAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import { NOT_A_NUMBER } from './not-a-number.js'
import type { OwnGpuKernels } from './own-kernels.js'

type Shape4 = [number, number, number, number]

const THREADS = 256

const WORDS = [
  'inHeight',
  'inWidth',
  'channels',
  'filterHeight',
  'filterWidth',
  'strideHeight',
  'strideWidth',
  'padTop',
  'padLeft',
  'outHeight',
  'outWidth',
  'elements',
]

/** Goes through the window of an output from its first element, with `r.lowest` below all numbers; `best` is the largest and `at` its place in the window, -1 for none. */
const WINDOW = `
  let c = item % u.channels;
  let ox = item / u.channels % u.outWidth;
  let oy = item / u.channels / u.outWidth % u.outHeight;
  let n = item / u.channels / u.outWidth / u.outHeight;
  let y0 = oy * u.strideHeight - u.padTop;
  let x0 = ox * u.strideWidth - u.padLeft;
  var best = r.lowest;
  var at = -1;
  for (var ky = max(0, -y0); ky < min(u.filterHeight, u.inHeight - y0); ky++) {
    for (var kx = max(0, -x0); kx < min(u.filterWidth, u.inWidth - x0); kx++) {
      let value = x[((n * u.inHeight + y0 + ky) * u.inWidth + x0 + kx) * u.channels + c];
      // What is not a number does not count, as TensorFlow.js has it, unless there is nothing else.
      if (at < 0 || value > best || (isNan(best) && !isNan(value))) {
        best = value;
        at = ky * u.filterWidth + kx;
      }
    }
  }`

/** Max pooling. Stock, the gradient goes to the last of equal elements; here to the first, as on cpu and in PyTorch. */
export const maxPoolKernels: OwnGpuKernels = (stock) => ({
  MaxPool: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const sizes = sizesOf(x, args.attrs as unknown as MaxPoolAttrs)
    if (!sizes || x.dtype !== 'float32') return stock('MaxPool')(args)
    const gpu = args.backend as GpuBackend
    const y = gpu.output(sizes.outShape)
    const program = gpu.program('max pool', () => ({
      reads: { x: 'f32' },
      writes: { y: 'f32' },
      words: WORDS,
      reals: ['lowest'],
      threads: THREADS,
      declarations: NOT_A_NUMBER,
      body: `if (item >= u.elements) { return; }${WINDOW}\n  y[item] = best;`,
    }))
    const elements = util.sizeFromShape(y.shape)
    gpu.run(program, { tensors: [x, y], words: [...sizes.words, elements], reals: [-Infinity], groups: Math.ceil(elements / THREADS) })
    return y
  },
  MaxPoolGrad: (args) => {
    const { dy, input } = args.inputs as { dy: TensorInfo; input: TensorInfo }
    const sizes = sizesOf(input, args.attrs as unknown as MaxPoolGradAttrs)
    if (!sizes || input.dtype !== 'float32' || dy.dtype !== 'float32') return stock('MaxPoolGrad')(args)
    const gpu = args.backend as GpuBackend
    const outputs = util.sizeFromShape(sizes.outShape)
    const dx = gpu.output(input.shape)
    const places = gpu.scratch(outputs * 4)
    const find = gpu.program('max pool places', () => ({
      reads: { x: 'f32' },
      writes: { places: 'i32' },
      words: WORDS,
      reals: ['lowest'],
      threads: THREADS,
      declarations: NOT_A_NUMBER,
      body: `if (item >= u.elements) { return; }${WINDOW}\n  places[item] = at;`,
    }))
    gpu.run(find, { tensors: [input, places], words: [...sizes.words, outputs], reals: [-Infinity], groups: Math.ceil(outputs / THREADS) })
    // Each input gathers from the windows that it lies in.
    const gather = gpu.program('max pool gradient', () => ({
      reads: { dy: 'f32', places: 'i32' },
      writes: { dx: 'f32' },
      words: WORDS,
      threads: THREADS,
      body: `
  if (item >= u.elements) { return; }
  let c = item % u.channels;
  let ix = item / u.channels % u.inWidth + u.padLeft;
  let iy = item / u.channels / u.inWidth % u.inHeight + u.padTop;
  let n = item / u.channels / u.inWidth / u.inHeight;
  var sum = 0.0;
  for (var oy = max(0, (iy - u.filterHeight + u.strideHeight) / u.strideHeight); oy < u.outHeight && oy * u.strideHeight <= iy; oy++) {
    for (var ox = max(0, (ix - u.filterWidth + u.strideWidth) / u.strideWidth); ox < u.outWidth && ox * u.strideWidth <= ix; ox++) {
      let o = ((n * u.outHeight + oy) * u.outWidth + ox) * u.channels + c;
      if (places[o] == (iy - oy * u.strideHeight) * u.filterWidth + ix - ox * u.strideWidth) { sum += dy[o]; }
    }
  }
  dx[item] = sum;`,
    }))
    const elements = util.sizeFromShape(input.shape)
    gpu.run(gather, { tensors: [dy, places, dx], words: [...sizes.words, elements], groups: Math.ceil(elements / THREADS) })
    gpu.release(places)
    return dx
  },
})

/** The words that all programs share; nothing for dilated windows. */
function sizesOf(x: TensorInfo, attrs: MaxPoolAttrs | MaxPoolGradAttrs): { words: number[]; outShape: number[] } | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const sizes = backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode)
  if (sizes.dilationHeight !== 1 || sizes.dilationWidth !== 1 || sizes.dataFormat !== 'channelsLast') return undefined
  // A window of one pixel that keeps the shape is the identity for TensorFlow.js, whatever the stride and the padding.
  if (
    util.sizeFromShape(sizes.outShape) === 0 ||
    (sizes.filterHeight * sizes.filterWidth === 1 && util.arraysEqual(x.shape, sizes.outShape))
  )
    return undefined
  return {
    outShape: sizes.outShape,
    words: [
      sizes.inHeight,
      sizes.inWidth,
      sizes.inChannels,
      sizes.filterHeight,
      sizes.filterWidth,
      sizes.strideHeight,
      sizes.strideWidth,
      sizes.padInfo.top,
      sizes.padInfo.left,
      sizes.outHeight,
      sizes.outWidth,
    ],
  }
}
