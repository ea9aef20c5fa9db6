import { broadcast_util, util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { compose } from './compose.js'
import type { RunKernel } from './compose.js'
import type { OwnKernels } from './own-kernels.js'

/** Matrix products of batches that are broadcast. Stock, as on cpu, batches `[2, 1]` and `[2, 3]` pair the wrong matrices. */
export const broadcastProductKernel: OwnKernels = (_heapOf, before) => ({
  BatchMatMul: (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
    const size = util.sizeFromShape(batch)
    const simple = [batchA, batchB].every((own) => [1, size].includes(util.sizeFromShape(own)))
    if (simple || size === 0) return before('BatchMatMul')(args)
    return compose(args.backend, (run) => run('BatchMatMul', { a: repeated(run, a, batch), b: repeated(run, b, batch) }, args.attrs))
  },
})

/** The matrices of a tensor, one for each of the batch. */
function repeated(run: RunKernel, x: TensorInfo, batch: readonly number[]): TensorInfo {
  const shape = [...Array.from({ length: batch.length + 2 - x.shape.length }, () => 1), ...x.shape]
  const reps = shape.map((size, axis) => (axis < batch.length ? batch[axis] / size : 1))
  const whole = run('Reshape', { x }, { shape })
  return reps.every((rep) => rep === 1) ? whole : run('Tile', { x: whole }, { reps })
}
