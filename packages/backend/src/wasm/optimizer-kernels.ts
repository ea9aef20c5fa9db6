import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from './require-floats.js'
import type { OwnKernels } from './own-kernels.js'

/** Attributes of `AudiotagAdam`; `correction1` = 1 - beta1^k at the k-th update. */
interface AdamAttributes {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly correction1: number
  readonly correction2: number
}

/** Attributes of `AudiotagSgd`. */
interface SgdAttributes {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
}

/** The updates that `@audiotag/train` calls: in place, without temporaries. */
export const optimizerKernels: OwnKernels = (heapOf) => ({
  AudiotagAdam: ({ inputs, attrs, backend }) => {
    const { value, m, v, gradient } = inputs as Record<'value' | 'm' | 'v' | 'gradient', TensorInfo>
    const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attrs as unknown as AdamAttributes
    requireFloats('AudiotagAdam', value, m, v, gradient)
    const heap = heapOf(backend)
    const addresses = [value, m, v, gradient].map((tensor) => heap.address(tensor))
    const reals = [beta1, 1 - beta1, beta2, 1 - beta2, learningRate / correction1, 1 / Math.sqrt(correction2), epsilon]
    const elements = util.sizeFromShape(value.shape)
    heap.run('adam', [...addresses, elements], { reals, work: elements })
    heap.changed(value)
    return []
  },
  AudiotagSgd: ({ inputs, attrs, backend }) => {
    const { value, velocity, gradient } = inputs as Record<'value' | 'velocity' | 'gradient', TensorInfo>
    const { learningRate, momentum, nesterov } = attrs as unknown as SgdAttributes
    requireFloats('AudiotagSgd', value, velocity, gradient)
    const heap = heapOf(backend)
    const addresses = [value, velocity, gradient].map((tensor) => heap.address(tensor))
    const elements = util.sizeFromShape(value.shape)
    heap.run('sgd', [...addresses, elements, nesterov ? 1 : 0], { reals: [learningRate, momentum], work: elements })
    heap.changed(value)
    return []
  },
})
