import { backend_util } from '@tensorflow/tfjs-core'
import type { KernelFunc } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import type { Attribute, Result } from './binding.js'
import { compose, FLOAT, typeOf } from './compose.js'
import type { Operand, Operations } from './compose.js'
import { inBfloat16, isInBfloat16 } from './convolution-precision.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { asWanted, channelsLast, dilationAttribute, kindOfPadding, lastShape, padding, windowAttributes } from './spatial.js'
import type { Inputs } from './spatial.js'

/** Attributes of all of TensorFlow.js's convolutions. */
interface ConvolutionAttributes {
  readonly strides: [number, number] | number
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding
  readonly dilations?: [number, number] | number
  readonly dataFormat?: 'NHWC' | 'NCHW'
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
  readonly inputShape: [number, number, number, number]
  readonly filterShape: [number, number, number, number]
}

const SHAPE = attribute.type('Tshape', DT.int32)

type Shape4D = [number, number, number, number]

/** Sizes of a convolution. */
function sizesOf(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1, dataFormat = 'NHWC', dimRoundingMode }: ConvolutionAttributes,
  depthwise: boolean,
): backend_util.Conv2DInfo {
  const layout = backend_util.convertConv2DDataFormat(dataFormat)
  const pair = dilations ?? 1
  return backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    pair,
    pad,
    dimRoundingMode,
    depthwise,
    layout,
  )
}

/** Sizes with height and width exchanged. */
function turned(sizes: backend_util.Conv2DInfo): backend_util.Conv2DInfo {
  const { top, bottom, left, right, type } = sizes.padInfo
  return {
    ...sizes,
    padInfo: { type, top: left, bottom: right, left: top, right: bottom },
    inHeight: sizes.inWidth,
    inWidth: sizes.inHeight,
    outHeight: sizes.outWidth,
    outWidth: sizes.outHeight,
    strideHeight: sizes.strideWidth,
    strideWidth: sizes.strideHeight,
    dilationHeight: sizes.dilationWidth,
    dilationWidth: sizes.dilationHeight,
    filterHeight: sizes.filterWidth,
    filterWidth: sizes.filterHeight,
    effectiveFilterHeight: sizes.effectiveFilterWidth,
    effectiveFilterWidth: sizes.effectiveFilterHeight,
  }
}

/** Whether a filter of one point leaves points out. oneDNN's gradient of such a filter writes beyond its memory where there are fewer than 16 channels (TensorFlow 2.21). */
const skips = ({ filterHeight, filterWidth, strideHeight, strideWidth }: backend_util.Conv2DInfo): boolean =>
  filterHeight * filterWidth === 1 && strideHeight * strideWidth > 1

/** The points that such a filter sees. */
function thinned({ run, ints }: Operations, image: Operand, sizes: backend_util.Conv2DInfo): Result {
  const { batchSize, outHeight, outWidth, strideHeight, strideWidth, inChannels } = sizes
  const end = [batchSize, (outHeight - 1) * strideHeight + 1, (outWidth - 1) * strideWidth + 1, inChannels]
  const attributes = [FLOAT, attribute.type('Index', DT.int32)]
  return run('StridedSlice', attributes, [image, ints([0, 0, 0, 0]), ints(end), ints([1, strideHeight, strideWidth, 1])])
}

const BLOCK: readonly Attribute[] = [FLOAT, attribute.type('Tblock_shape', DT.int32)]

/** A depthwise convolution with dilation, which TensorFlow has on processors alone: of every dilation-th point, for each of the first ones. */
function spread({ run, ints }: Operations, x: Operand, filter: Operand, sizes: backend_util.Conv2DInfo): Result {
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, dilationHeight, dilationWidth } = sizes
  const [top, bottom, left, right] = padding(sizes)
  const [rows, columns] = [inHeight + top + bottom, inWidth + left + right]
  const [downs, acrosses] = [Math.ceil(rows / dilationHeight), Math.ceil(columns / dilationWidth)]
  const pads = [top, bottom + downs * dilationHeight - rows, left, right + acrosses * dilationWidth - columns]
  const block = ints([dilationHeight, dilationWidth])
  const parts = run('SpaceToBatchND', [...BLOCK, attribute.type('Tpaddings', DT.int32)], [x, block, ints(pads, [2, 2])])
  const window = { ...sizes, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 }
  const convolved = run('DepthwiseConv2dNative', [FLOAT, ...windowAttributes(window, 'VALID'), dilationAttribute(window)], [parts, filter])
  const crops = [0, (downs - filterHeight + 1) * dilationHeight - outHeight, 0, (acrosses - filterWidth + 1) * dilationWidth - outWidth]
  return run('BatchToSpaceND', [...BLOCK, attribute.type('Tcrops', DT.int32)], [convolved, block, ints(crops, [2, 2])])
}

/**
 * Convolutions and their gradients with any padding, in both layouts. Stock, the gradients take 'same' and 'valid' alone, and channels first needs
 * a TensorFlow that has it on this device.
 */
export const convolutionKernels: TensorFlowKernels = (backend) => ({
  ...family(backend, 'Conv2D', false),
  ...family(backend, 'DepthwiseConv2dNative', true),
})

function family(
  backend: Parameters<TensorFlowKernels>[0],
  name: 'Conv2D' | 'DepthwiseConv2dNative',
  depthwise: boolean,
): Record<string, KernelFunc> {
  // On processors, gradients with the padding made part of the image are oneDNN's; those with EXPLICIT padding are not.
  const onGpu = backend.binding.isUsingGpuDevice()
  const padsItself = !depthwise && !onGpu
  const more: readonly Attribute[] = depthwise ? [] : [attribute.bool('use_cudnn_on_gpu', true)]
  /** An operation in the precision that was chosen. */
  const convolved = (
    operations: Operations,
    sizes: backend_util.Conv2DInfo,
    type: Attribute,
    inputs: readonly Operand[],
    compute: (type: Attribute, inputs: readonly Operand[]) => Result,
  ): Result =>
    !depthwise && type.value === DT.float && isInBfloat16(sizes)
      ? inBfloat16(operations, inputs, (low) => compute(attribute.type('T', DT.bfloat16), low))
      : compute(type, inputs)
  const convolve: KernelFunc = ({ inputs, attrs }) => {
    const { x, filter } = inputs as Inputs<'x' | 'filter'>
    const options = attrs as unknown as ConvolutionAttributes
    const sizes = sizesOf(x.shape, filter.shape, options, depthwise)
    const first = options.dataFormat === 'NCHW'
    const spreads = depthwise && onGpu && sizes.dilationHeight * sizes.dilationWidth > 1
    return compose(backend, (operations) => {
      if (spreads) return [asWanted(operations, spread(operations, channelsLast(operations, x, first), filter, sizes), first)]
      const attributes = [...windowAttributes(sizes), dilationAttribute(sizes), ...more]
      const y = convolved(operations, sizes, typeOf(x), [channelsLast(operations, x, first), filter], (type, inputs) =>
        operations.run(name, [type, ...attributes], inputs),
      )
      return [asWanted(operations, y, first)]
    })[0]
  }
  const filterGradient: KernelFunc = ({ inputs, attrs }) => {
    const { x, dy } = inputs as Inputs<'x' | 'dy'>
    const options = attrs as unknown as ConvolutionAttributes
    const given = sizesOf(x.shape, options.filterShape, options, depthwise)
    const first = options.dataFormat === 'NCHW'
    // Waveforms: oneDNN shares out rows, of which there is one; the same numbers as one column take a third of the time.
    const turns = padsItself && given.inHeight === 1 && given.filterHeight === 1 && given.outHeight === 1
    const sizes = turns ? turned(given) : given
    const [height, width, ...channels] = options.filterShape
    return compose(backend, (operations) => {
      const { run, ints } = operations
      const as = (x: Operand, shape: readonly number[]): Operand => (turns ? run('Reshape', [FLOAT, SHAPE], [x, ints(shape)]) : x)
      const outer = padsItself && kindOfPadding(sizes) === 'EXPLICIT'
      const thins = padsItself && skips(sizes)
      const window = thins ? { ...sizes, strideHeight: 1, strideWidth: 1 } : sizes
      const attributes = [...windowAttributes(window, outer || thins ? 'VALID' : undefined), dilationAttribute(sizes), ...more]
      let image = as(channelsLast(operations, x, first), [sizes.batchSize, sizes.inHeight, sizes.inWidth, sizes.inChannels])
      if (outer) {
        const rows = ints([0, 0, ...padding(sizes), 0, 0], [4, 2])
        image = run('Pad', [FLOAT, attribute.type('Tpaddings', DT.int32)], [image, rows])
      }
      if (thins) image = thinned(operations, image, sizes)
      const shape = ints(turns ? [width, height, ...channels] : options.filterShape)
      const above = as(channelsLast(operations, dy, first), [sizes.batchSize, sizes.outHeight, sizes.outWidth, sizes.outChannels])
      const gradient = convolved(operations, sizes, FLOAT, [image, above], (type, [image, dy]) =>
        run(`${name}BackpropFilter`, [type, ...attributes], [image, shape, dy]),
      )
      return [as(gradient, options.filterShape) as Result]
    })[0]
  }
  const inputGradient: KernelFunc = ({ inputs, attrs }) => {
    const { dy, filter } = inputs as Inputs<'dy' | 'filter'>
    const options = attrs as unknown as ConvolutionAttributes
    const sizes = sizesOf(options.inputShape, filter.shape, options, depthwise)
    const first = options.dataFormat === 'NCHW'
    return compose(backend, (operations) => {
      const { run, ints } = operations
      const outShape = [sizes.batchSize, sizes.outHeight, sizes.outWidth, sizes.outChannels]
      let given = channelsLast(operations, dy, first)
      if (lastShape(dy.shape, first).some((size, axis) => size > outShape[axis])) {
        // conv2dTranspose to less than its input's size: TensorFlow.js's specs want what is beyond left out.
        given = run('Slice', [FLOAT, attribute.type('Index', DT.int32)], [given, ints([0, 0, 0, 0]), ints(outShape)])
      }
      const shape = lastShape(options.inputShape, first)
      const outer = padsItself && kindOfPadding(sizes) === 'EXPLICIT'
      const attributes = [...windowAttributes(sizes, outer ? 'VALID' : undefined), dilationAttribute(sizes), ...more]
      const gradient = (shape: Result): Result =>
        convolved(operations, sizes, FLOAT, [filter, given], (type, inputs) =>
          run(`${name}BackpropInput`, [type, ...attributes], [shape, ...inputs]),
        )
      if (!outer) return [asWanted(operations, gradient(ints(shape)), first)]
      const [top, bottom, left, right] = padding(sizes)
      const padded = ints([shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3]])
      const dx = gradient(padded)
      const inner = run('Slice', [FLOAT, attribute.type('Index', DT.int32)], [dx, ints([0, top, left, 0]), ints(shape)])
      return [asWanted(operations, inner, first)]
    })[0]
  }
  return { [name]: convolve, [`${name}BackpropFilter`]: filterGradient, [`${name}BackpropInput`]: inputGradient }
}
