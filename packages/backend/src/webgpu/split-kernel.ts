import { backend_util, util } from '@tensorflow/tfjs-core'
import type { SplitVAttrs, TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import type { OwnGpuKernels } from './own-kernels.js'

const THREADS = 256

/** Splits along the first axis, many pieces in one dispatch: running statistics of all batch norms are one vector. Stock, each piece is a dispatch. */
export const splitKernel: OwnGpuKernels = (stock) => ({
  SplitV: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { numOrSizeSplits, axis } = args.attrs as unknown as SplitVAttrs
    const [along] = util.parseAxisParam(axis, x.shape)
    const outer = util.sizeFromShape(x.shape.slice(0, along))
    if (x.dtype !== 'float32' || outer !== 1 || util.sizeFromShape(x.shape) === 0) return stock('SplitV')(args)
    const gpu = args.backend as GpuBackend
    const sizes = backend_util.prepareSplitSize(x, numOrSizeSplits, along)
    const pieces = sizes.map((size) => gpu.output(x.shape.map((all, i) => (i === along ? size : all))))
    const most = gpu.device.limits.maxStorageBuffersPerShaderStage - 1
    let start = 0
    for (let first = 0; first < pieces.length; first += most) {
      const some = pieces.slice(first, first + most)
      const elements = some.map(({ shape }) => util.sizeFromShape(shape))
      const total = elements.reduce((sum, n) => sum + n, 0)
      gpu.run(program(gpu, some.length), {
        tensors: [x, ...some],
        words: [start, ...elements],
        groups: Math.ceil(total / THREADS),
      })
      start += total
    }
    return pieces
  },
})

function program(gpu: GpuBackend, pieces: number): ReturnType<GpuBackend['program']> {
  const numbers = Array.from({ length: pieces }, (_, i) => i)
  return gpu.program(`split ${pieces}`, () => ({
    reads: { x: 'f32' },
    writes: Object.fromEntries(numbers.map((i) => [`y${i}`, 'f32'])),
    words: ['start', ...numbers.map((i) => `n${i}`)],
    threads: THREADS,
    body: `
  var at = item;
${numbers.map((i) => `  if (at < u.n${i}) { y${i}[at] = x[u.start + item]; return; }\n  at -= u.n${i};`).join('\n')}`,
  }))
}
