import { util } from '@tensorflow/tfjs-core'
import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { RunKernel } from './compose.js'
import type { OwnKernels } from './own-kernels.js'

const TO_LAST = [0, 2, 3, 1]
const TO_FIRST = [0, 3, 1, 2]

/** Inputs that are images. A filter is `[height, width, channels, outputs]` in both formats, a bias has one axis. */
const IMAGES = new Set(['x', 'dy', 'preluActivationWeights'])

/** Convolutions of images `[batch, channels, height, width]` (stock: refused), as those of the transposed images. */
export const channelsFirstKernels: OwnKernels = (_heapOf, before) => ({
  Conv2D: channelsLast(before, 'Conv2D'),
  FusedConv2D: channelsLast(before, 'FusedConv2D'),
  Conv2DBackpropFilter: channelsLast(before, 'Conv2DBackpropFilter'),
  Conv2DBackpropInput: channelsLast(before, 'Conv2DBackpropInput'),
})

interface Attributes {
  readonly dataFormat: 'NHWC' | 'NCHW'
  readonly pad: unknown
  readonly inputShape?: readonly number[]
}

function channelsLast(before: (name: string) => KernelFunc, name: string): KernelFunc {
  return (args) => {
    const kernel = before(name)
    const attrs = args.attrs as unknown as Attributes
    if (attrs.dataFormat !== 'NCHW') return kernel(args)
    return compose(args.backend, (run) => {
      const inputs: NamedTensorInfoMap = {}
      for (const [key, tensor] of Object.entries(args.inputs)) {
        if (tensor) inputs[key] = IMAGES.has(key) ? transposed(run, tensor, TO_LAST) : tensor
      }
      const { pad, inputShape } = attrs
      const next = {
        ...attrs,
        dataFormat: 'NHWC',
        pad: Array.isArray(pad) ? TO_LAST.map((axis) => pad[axis] as unknown) : pad,
        ...(inputShape && { inputShape: TO_LAST.map((axis) => inputShape[axis]) }),
      }
      const y = run(name, inputs, next)
      return name === 'Conv2DBackpropFilter' ? y : transposed(run, y, TO_FIRST)
    })
  }
}

/** The image with its axes permuted; of weights without a batch, `[channels, height, width]`, the last three; fewer axes stay. */
function transposed(run: RunKernel, x: TensorInfo, permutation: readonly number[]): TensorInfo {
  if (x.shape.length < 3 || util.sizeFromShape(x.shape) === 1) return x
  const perm = x.shape.length === 4 ? permutation : permutation.slice(1).map((axis) => axis - 1)
  return run('Transpose', { x }, { perm })
}
