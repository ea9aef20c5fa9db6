import { cast, engine, getBackend, mul, registerGradient, step, zerosLike } from '@tensorflow/tfjs-core'
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'

import { compose, FLOAT } from './compose.js'
import type { TensorFlowKernels } from './own-kernels.js'

/** dy where y is above 0, else 0; on other backends by TensorFlow.js's own operations. */
function gradient(dy: Tensor, y: Tensor): Tensor {
  if (getBackend() === 'tensorflow') return engine().runKernel('AudiotagReluGrad', { dy, y })
  return mul(dy, cast(step(y), 'float32'))
}

/** ReLU's gradient as one operation that reads y; stock it takes seven that read x, which is kept for it. */
export const reluGradient: TensorFlowKernels = (backend) => {
  // Gradients belong to no backend: this one is as good for all of them.
  registerGradient({
    kernelName: 'Relu',
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => gradient(dy as Tensor, saved[0]) }),
  })
  registerGradient({
    kernelName: 'AudiotagReluGrad',
    inputsToSave: ['y'],
    gradFunc: (ddx, saved) => ({ dy: () => gradient(ddx as Tensor, saved[0]), y: () => zerosLike(saved[0]) }),
  })
  return {
    AudiotagReluGrad: ({ inputs }) => {
      const { dy, y } = inputs as Record<'dy' | 'y', TensorInfo>
      return compose(backend, ({ run }) => [run('ReluGrad', [FLOAT], [dy, y])])[0]
    },
  }
}
