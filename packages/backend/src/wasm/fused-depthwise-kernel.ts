import type { FusedDepthwiseConv2DAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { OwnKernels } from './own-kernels.js'

/** Depthwise convolution with a bias that is not a vector (stock: refused): without the bias first, then bias and activation. */
export const fusedDepthwiseKernel: OwnKernels = (_heapOf, before) => ({
  FusedDepthwiseConv2D: (args) => {
    const { bias, preluActivationWeights, ...images } = args.inputs as Record<string, TensorInfo>
    if (!bias || bias.shape.length === 1) return before('FusedDepthwiseConv2D')(args)
    const { activation, leakyreluAlpha, ...attrs } = args.attrs as unknown as FusedDepthwiseConv2DAttrs
    return compose(args.backend, (run) => {
      const product = run('FusedDepthwiseConv2D', images, { ...attrs, activation: 'linear' })
      const x = run('Add', { a: product, b: bias })
      if (activation === 'linear') return x
      if (activation === 'prelu') return run('Prelu', { x, alpha: preluActivationWeights })
      return run(ACTIVATIONS[activation], { x }, { alpha: leakyreluAlpha })
    })
  },
})

const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
}
