import type { TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from '../kernels/require-floats.js'
import { attribute, DT } from './binding.js'
import type { Attribute } from './binding.js'
import { compose, FLOAT } from './compose.js'
import { hasOneDnn, ONEDNN } from './onednn.js'
import type { TensorFlowKernels } from './own-kernels.js'

const normAttributes = (epsilon: number): Attribute[] => [
  FLOAT,
  attribute.type('U', DT.float),
  attribute.float('epsilon', epsilon),
  attribute.text('data_format', 'NHWC'),
  attribute.bool('is_training', true),
]

/** The fused batch norms that `@audiotag/models` calls. Not the one with ReLU inside: oneDNN's makes 0 of NaN, TensorFlow's gives empty tensors on processors. */
export const batchNormKernels: TensorFlowKernels = (backend) => {
  const gpu = backend.binding.isUsingGpuDevice()
  const native = hasOneDnn(backend)
  const [norm, normGradient] = native
    ? ['_MklNativeFusedBatchNormV3', '_MklNativeFusedBatchNormGradV3']
    : ['FusedBatchNormV3', 'FusedBatchNormGradV3']
  const attributes = (epsilon: number): Attribute[] => [...normAttributes(epsilon), ...(native ? [ONEDNN] : [])]
  return {
    AudiotagBatchNorm: ({ inputs, attrs }) => {
      const { x, gamma, beta, residual } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo; residual?: TensorInfo }
      const { epsilon, relu } = attrs as unknown as { epsilon: number; relu: boolean }
      requireFloats('AudiotagBatchNorm', x, gamma, beta, residual)
      return compose(backend, ({ run, runAll, floats }) => {
        const none = floats([], [0])
        const outputs = runAll(norm, attributes(epsilon), [x, gamma, beta, none, none], 6)
        let [y] = outputs
        let variance = outputs[4]
        if (gpu) {
          // cuDNN keeps 1 / √(variance + ε) there; output 2 is the unbiased variance, which one number does not have.
          const count = x.shape.slice(0, -1).reduce((product, size) => product * size, 1)
          variance =
            count === 1 ? run('ZerosLike', [FLOAT], [outputs[3]]) : run('Mul', [FLOAT], [outputs[2], floats([(count - 1) / count])])
        }
        if (residual) y = run('AddV2', [FLOAT], [y, residual])
        if (relu) y = run('Relu', [FLOAT], [y])
        return [y, outputs[3], variance]
      })
    },

    AudiotagBatchNormGrad: ({ inputs, attrs }) => {
      const { dy, x, y, gamma, mean, variance } = inputs as Record<'dy' | 'x' | 'y' | 'gamma' | 'mean' | 'variance', TensorInfo>
      const { epsilon, relu, residual } = attrs as unknown as { epsilon: number; relu: boolean; residual: boolean }
      requireFloats('AudiotagBatchNormGrad', dy, x, y, gamma, mean, variance)
      return compose(backend, ({ run, runAll, floats }) => {
        const masked = relu ? run('ReluGrad', [FLOAT], [dy, y]) : run('Identity', [FLOAT], [dy])
        const spread = gpu ? run('Rsqrt', [FLOAT], [run('AddV2', [FLOAT], [variance, floats([epsilon])])]) : variance
        const given = [masked, x, gamma, mean, spread, floats([], [0])]
        const gradients = runAll(normGradient, attributes(epsilon), given, 5).slice(0, 3)
        return residual ? [...gradients, masked] : gradients
      })
    },

    AudiotagAffine: ({ inputs, attrs }) => {
      const { x, scale, shift, residual } = inputs as { x: TensorInfo; scale: TensorInfo; shift: TensorInfo; residual?: TensorInfo }
      const { relu } = attrs as unknown as { relu: boolean }
      requireFloats('AudiotagAffine', x, scale, shift, residual)
      return compose(backend, ({ run }) => {
        let y = run('AddV2', [FLOAT], [run('Mul', [FLOAT], [x, scale]), shift])
        if (residual) y = run('AddV2', [FLOAT], [y, residual])
        return [relu ? run('Relu', [FLOAT], [y]) : y]
      })
    },
  }
}
