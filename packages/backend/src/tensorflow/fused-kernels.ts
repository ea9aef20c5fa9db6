import type { FusedConv2DAttrs, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import { compose, FLOAT } from './compose.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { dilationAttribute, windowAttributes } from './spatial.js'

/** What TensorFlow calls the activations that it fuses with a convolution. */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = { linear: [], relu: ['Relu'], relu6: ['Relu6'], elu: ['Elu'] }

/** Convolution, bias and activation in one operation. TensorFlow lists them by name, for which the stock addon has no means. */
export const fusedKernels: TensorFlowKernels = (backend, stock) => {
  if (backend.binding.audiotagListAttributes !== 1) return {}
  const gpu = backend.binding.isUsingGpuDevice()
  return {
    FusedConv2D: (call) => {
      const { x, filter, bias } = call.inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo }
      const { strides, pad, dilations, dataFormat, dimRoundingMode, activation } = call.attrs as unknown as FusedConv2DAttrs
      const ends = ACTIVATIONS[activation]
      const vector = bias?.shape.length === 1 && bias.shape[0] === filter.shape[3]
      const fits = dataFormat === 'NHWC' && x.dtype === 'float32' && filter.dtype === 'float32' && bias?.dtype === 'float32'
      // cuDNN fuses bias with ReLU alone.
      if (!fits || !vector || ends === undefined || (gpu && activation !== 'relu')) return stock('FusedConv2D')(call)
      const sizes = backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filter.shape as [number, number, number, number],
        strides,
        dilations,
        pad,
        dimRoundingMode,
      )
      const attributes = [
        FLOAT,
        attribute.int('num_args', 1),
        attribute.type('TArgs', [DT.float]),
        ...windowAttributes(sizes),
        dilationAttribute(sizes),
        attribute.bool('use_cudnn_on_gpu', true),
        attribute.text('fused_ops', ['BiasAdd', ...ends]),
      ]
      return compose(backend, ({ run }) => [run('_FusedConv2D', attributes, [x, filter, bias as TensorInfo])])[0]
    },
  }
}
