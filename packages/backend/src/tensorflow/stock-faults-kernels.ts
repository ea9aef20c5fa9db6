import type { KernelFunc } from '@tensorflow/tfjs-core'

import { attribute, DT } from './binding.js'
import { cast, compose, FLOAT, typeOf } from './compose.js'
import type { NodeBackend } from './node-backend.js'
import type { TensorFlowKernels } from './own-kernels.js'
import type { Inputs } from './spatial.js'

/** What @tensorflow/tfjs-node gets wrong, is slow at, or does with methods of tensors, which are there only when all of TensorFlow.js is loaded. */
export const stockFaultsKernels: TensorFlowKernels = (backend, stock) => ({
  Prelu: ({ inputs }) => {
    const { x, alpha } = inputs as Inputs<'x' | 'alpha'>
    return compose(backend, (operations) => {
      const { run, floats } = operations
      const given = x.dtype === 'int32' ? cast(operations, x, DT.int32, DT.float) : x
      const below = run('Minimum', [FLOAT], [given, floats([0])])
      return [run('AddV2', [FLOAT], [run('Relu', [FLOAT], [given]), run('Mul', [FLOAT], [alpha, below])])]
    })[0]
  },
  Exp: ({ inputs }) => {
    const { x } = inputs as Inputs<'x'>
    return compose(backend, (operations) => {
      const given = x.dtype === 'int32' ? cast(operations, x, DT.int32, DT.float) : x
      return [operations.run('Exp', [typeOf(given)], [given])]
    })[0]
  },
  // On GPUs, Bincount takes no weights.
  ...(backend.binding.isUsingGpuDevice() && { Bincount: weighedCount(backend, stock) }),
  ArgMax: argument(backend, 'ArgMax'),
  ArgMin: argument(backend, 'ArgMin'),
  // Stock, six operations: ReLU's gradient wherever it is not ReLU's own.
  Step: (call) => {
    const { x } = call.inputs as Inputs<'x'>
    const { alpha } = call.attrs as unknown as { alpha: number }
    if (alpha !== 0 || x.dtype !== 'float32') return stock('Step')(call)
    return compose(backend, ({ run }) => [run('Sign', [FLOAT], [run('Relu', [FLOAT], [x])])])[0]
  },
  // Stock, zeros for whole numbers.
  Round: (call) => {
    const { x } = call.inputs as Inputs<'x'>
    if (x.dtype !== 'int32') return stock('Round')(call)
    return compose(backend, ({ run }) => [run('Identity', [typeOf(x)], [x])])[0]
  },
})

function weighedCount(backend: NodeBackend, stock: (name: string) => KernelFunc): KernelFunc {
  return (call) => {
    const { x, weights } = call.inputs as Inputs<'x' | 'weights'>
    const { size } = call.attrs as unknown as { size: number }
    if (weights.shape.includes(0)) return stock('Bincount')(call)
    return compose(backend, ({ run, ints }) => {
      const attributes = [typeOf(weights), attribute.type('Tindices', DT.int32), attribute.type('Tnumsegments', DT.int32)]
      return [run('UnsortedSegmentSum', attributes, [weights, x, ints([size], [])])]
    })[0]
  }
}

function argument(backend: NodeBackend, name: string): KernelFunc {
  return ({ inputs, attrs }) => {
    const { x } = inputs as Inputs<'x'>
    const { axis } = attrs as unknown as { axis: number }
    return compose(backend, (operations) => {
      const given = x.dtype === 'bool' ? cast(operations, x, DT.bool, DT.int32) : x
      const attributes = [typeOf(given), attribute.type('Tidx', DT.int32), attribute.type('output_type', DT.int32)]
      return [operations.run(name, attributes, [given, operations.ints([axis], [])])]
    })[0]
  }
}
