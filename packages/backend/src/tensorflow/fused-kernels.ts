import { backend_util, util } from '@tensorflow/tfjs-core'
import type { FusedConv2DAttrs, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from '../kernels/require-floats.js'
import { attribute, DT } from './binding.js'
import type { Attribute, Result } from './binding.js'
import { compose, FLOAT } from './compose.js'
import { inBfloat16, isInBfloat16 } from './convolution-precision.js'
import type { NodeBackend } from './node-backend.js'
import { hasOneDnn, ONEDNN } from './onednn.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { runKernels } from './run-kernels.js'
import type { RunKernel } from './run-kernels.js'
import { dilationAttribute, windowAttributes } from './spatial.js'
import type { Sizes } from './spatial.js'

const TO_LAST = [0, 2, 3, 1]
const TO_FIRST = [0, 3, 1, 2]

const ON_GPU = attribute.bool('use_cudnn_on_gpu', true)

/** What TensorFlow calls the activations that it fuses with a convolution. */
const FUSED: Readonly<Record<string, readonly string[]>> = { linear: [], relu: ['Relu'], relu6: ['Relu6'], elu: ['Elu'] }

/** Kernels that activations are. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
}

type Shape4D = [number, number, number, number]

interface Images {
  readonly x: TensorInfo
  readonly filter: TensorInfo
  readonly bias?: TensorInfo
  readonly preluActivationWeights?: TensorInfo
}

/** Convolution, bias and activation: in one operation where the addon can say so, else one after the other, with any padding and in both layouts. */
export const fusedKernels: TensorFlowKernels = (backend) => ({
  FusedConv2D: ({ inputs, attrs }) => {
    const images = inputs as unknown as Images
    const options = attrs as unknown as FusedConv2DAttrs
    if (options.dataFormat === 'NCHW') return channelsLast(backend, images, options)
    return oneOperation(backend, images, options) ?? runKernels(backend, (run) => oneByOne(run, 'Conv2D', images, options))
  },
  FusedDepthwiseConv2D: ({ inputs, attrs }) =>
    runKernels(backend, (run) => oneByOne(run, 'DepthwiseConv2dNative', inputs as unknown as Images, attrs as unknown as FusedConv2DAttrs)),
  ...(backend.binding.audiotagListAttributes === 1 &&
    (hasOneDnn(backend) || backend.binding.isUsingGpuDevice()) && { AudiotagConvolutionAffine: convolutionAffine(backend) }),
})

/** The attributes that list what is fused are what the stock addon has no means for. */
function oneOperation(backend: NodeBackend, { x, filter, bias }: Images, options: FusedConv2DAttrs): TensorInfo | undefined {
  if (backend.binding.audiotagListAttributes !== 1) return undefined
  const { strides, pad, dilations, dimRoundingMode, activation } = options
  const ends = FUSED[activation]
  if (bias?.shape.length !== 1 || bias.shape[0] !== filter.shape[3] || ends === undefined) return undefined
  if ([x, filter, bias].some(({ dtype }) => dtype !== 'float32')) return undefined
  // cuDNN fuses bias with ReLU alone.
  if (backend.binding.isUsingGpuDevice() && activation !== 'relu') return undefined
  const shapes = [x.shape, filter.shape] as [Shape4D, Shape4D]
  const sizes = backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode)
  if (isInBfloat16(sizes)) return undefined
  return compose(backend, ({ run }) => {
    if (!hasOneDnn(backend)) {
      return [run('_FusedConv2D', [...fusedAttributes(sizes, ends), ON_GPU], [x, filter, bias])]
    }
    const y = run('_MklNativeFusedConv2D', [...fusedAttributes(sizes), ONEDNN], [x, filter, bias])
    return ends.length === 0 ? [y] : [run(ends[0], [FLOAT], [y])]
  })[0]
}

/** With bias; what else is fused. Nothing is with oneDNN, whose activations make 0 of NaN. */
const fusedAttributes = (sizes: Sizes, more: readonly string[] = []): Attribute[] => [
  FLOAT,
  attribute.int('num_args', 1),
  attribute.type('TArgs', [DT.float]),
  ...windowAttributes(sizes),
  dilationAttribute(sizes),
  attribute.text('fused_ops', ['BiasAdd', ...more]),
]

/** Convolution, batch norm with running statistics, residual and ReLU, called by `@audiotag/models` for predictions. The norm's factor goes into the filter. */
function convolutionAffine(backend: NodeBackend): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x, filter, scale, shift, residual } = inputs as Record<'x' | 'filter' | 'scale' | 'shift', TensorInfo> & {
      residual?: TensorInfo
    }
    const { strides, pad, relu } = attrs as unknown as {
      strides: [number, number]
      pad: backend_util.ExplicitPadding
      relu: boolean
    }
    requireFloats('AudiotagConvolutionAffine', x, filter, scale, shift, residual)
    const sizes = backend_util.computeConv2DInfo(x.shape as Shape4D, filter.shape as Shape4D, strides, 1, pad)
    return compose(backend, (operations) => {
      const { run } = operations
      const scaled = run('Mul', [FLOAT], [filter, scale])
      let y: Result
      if (isInBfloat16(sizes)) {
        // Bias would be rounded too.
        const attributes = [attribute.type('T', DT.bfloat16), ...windowAttributes(sizes), dilationAttribute(sizes)]
        y = inBfloat16(operations, [x, scaled], (inputs) => run('Conv2D', attributes, inputs))
        y = run('AddV2', [FLOAT], [y, shift])
      } else if (hasOneDnn(backend)) {
        y = run('_MklNativeFusedConv2D', [...fusedAttributes(sizes), ONEDNN], [x, scaled, shift])
      } else if (relu && !residual) {
        // cuDNN fuses bias with ReLU alone.
        return [run('_FusedConv2D', [...fusedAttributes(sizes, ['Relu']), ON_GPU], [x, scaled, shift])]
      } else {
        y = run('Conv2D', [FLOAT, ...windowAttributes(sizes), dilationAttribute(sizes), ON_GPU], [x, scaled])
        y = run('BiasAdd', [FLOAT, attribute.text('data_format', 'NHWC')], [y, shift])
      }
      // Fused, it would be copied first.
      if (residual) y = run('AddV2', [FLOAT], [y, residual])
      return [relu ? run('Relu', [FLOAT], [y]) : y]
    })[0]
  }
}

function oneByOne(run: RunKernel, name: string, images: Images, options: FusedConv2DAttrs): TensorInfo {
  const { x, filter, bias, preluActivationWeights: alpha } = images
  const { activation, leakyreluAlpha, strides, pad, dilations, dataFormat, dimRoundingMode } = options
  let y = run(name, { x, filter }, { strides, pad, dilations, dataFormat, dimRoundingMode })
  if (bias) y = run('Add', { a: y, b: bias })
  if (activation === 'linear') return y
  if (activation === 'prelu') return run('Prelu', { x: y, alpha })
  return run(ACTIVATIONS[activation], { x: y }, { alpha: leakyreluAlpha })
}

/** A convolution of images `[batch, channels, height, width]`, as that of the transposed images. A bias has one axis in both. */
function channelsLast(
  backend: NodeBackend,
  { preluActivationWeights: alpha, x, ...weights }: Images,
  options: FusedConv2DAttrs,
): TensorInfo {
  const { pad } = options
  return runKernels(backend, (run) => {
    const inputs = { x: run('Transpose', { x }, { perm: TO_LAST }), ...weights, ...(alpha && { preluActivationWeights: last(run, alpha) }) }
    const pads = Array.isArray(pad) ? TO_LAST.map((axis) => pad[axis]) : pad
    const y = run('FusedConv2D', inputs, { ...options, pad: pads, dataFormat: 'NHWC' })
    return run('Transpose', { x: y }, { perm: TO_FIRST })
  })
}

/** Weights of PReLU, of which the batch may be left out, channels last. */
function last(run: RunKernel, x: TensorInfo): TensorInfo {
  if (x.shape.length < 3 || util.sizeFromShape(x.shape) === 1) return x
  return run('Transpose', { x }, { perm: x.shape.length === 4 ? TO_LAST : [1, 2, 0] })
}
