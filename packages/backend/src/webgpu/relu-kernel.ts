import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import { NOT_A_NUMBER } from './not-a-number.js'
import type { OwnGpuKernels } from './own-kernels.js'

const THREADS = 256

/** ReLU of NaN is NaN. Stock, it is 0 on NVIDIA's GPUs, and a training that has lost its numbers goes on unnoticed. */
export const reluKernel: OwnGpuKernels = (stock) => ({
  Relu: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const elements = util.sizeFromShape(x.shape)
    if (x.dtype !== 'float32' || elements === 0) return stock('Relu')(args)
    const gpu = args.backend as GpuBackend
    const y = gpu.output(x.shape)
    const wide = elements % 4 === 0
    const program = gpu.program(`relu ${wide}`, () => ({
      reads: { x: wide ? 'vec4f' : 'f32' },
      writes: { y: wide ? 'vec4f' : 'f32' },
      words: ['units'],
      threads: THREADS,
      declarations: NOT_A_NUMBER,
      body: `if (item < u.units) { y[item] = ${wide ? 'rectified4' : 'rectified'}(x[item]); }`,
    }))
    const units = wide ? elements / 4 : elements
    gpu.run(program, { tensors: [x, y], words: [units], groups: Math.ceil(units / THREADS) })
    return y
  },
})
