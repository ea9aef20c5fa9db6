import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireSameShape } from '../kernels/require-same-shape.js'
import type { Heap } from './heap.js'
import type { OwnKernels } from './own-kernels.js'

/** Losses of `AudiotagLoss`, in the order of the kernel's numbers. */
const RULES = ['bce', 'boundedBce', 'mse', 'kl', 'klReference'] as const

/**
 * What a head ends with: ReLU and dropout in one kernel each way, called by `@audiotag/models`, and each loss with its gradient in one, called by
 * `@audiotag/train`. Losses are summed in float64.
 */
export const headKernels: OwnKernels = (heapOf) => ({
  AudiotagDropout: ({ inputs, backend }) => {
    const { x, mask } = inputs as Record<'x' | 'mask', TensorInfo>
    const elements = requireSameShape('AudiotagDropout', x, mask)
    const heap = heapOf(backend)
    const y = heap.output(x.shape)
    heap.run('dropout', [...addresses(heap, x, mask, y), elements], { work: elements })
    return y
  },
  AudiotagDropoutGrad: ({ inputs, backend }) => {
    const { dy, mask, y } = inputs as Record<'dy' | 'mask' | 'y', TensorInfo>
    const elements = requireSameShape('AudiotagDropoutGrad', dy, mask, y)
    const heap = heapOf(backend)
    const dx = heap.output(dy.shape)
    heap.run('dropoutGradient', [...addresses(heap, dy, mask, y, dx), elements], { work: elements })
    return dx
  },
  AudiotagLoss: ({ inputs, attrs, backend }) => {
    const { logits, targets } = inputs as Record<'logits' | 'targets', TensorInfo>
    const { rule, weight } = attrs as unknown as { rule: (typeof RULES)[number]; weight: number }
    requireSameShape('AudiotagLoss', logits, targets)
    const number = RULES.indexOf(rule)
    if (number < 0) throw new BackendError('shape', `AudiotagLoss: rule must be one of ${RULES.join(', ')}, got ${rule}.`)
    if (logits.shape.length !== 2 || util.sizeFromShape(logits.shape) === 0) {
      throw new BackendError('shape', `AudiotagLoss: logits must be [batch, classes], none of them 0, got [${logits.shape.join(', ')}].`)
    }
    const heap = heapOf(backend)
    const value = heap.output([])
    const gradient = heap.output(logits.shape)
    heap.runAlone('loss', [...addresses(heap, logits, targets, gradient, value), number, ...logits.shape], { reals: [weight] })
    return [value, gradient]
  },
})

const addresses = (heap: Heap, ...tensors: readonly TensorInfo[]): number[] => tensors.map((tensor) => heap.address(tensor))
