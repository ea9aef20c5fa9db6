import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from '../kernels/require-floats.js'
import { optimizerKernelsOf } from '../kernels/optimizer-contract.js'
import type { Lists, Updates } from '../kernels/optimizer-contract.js'
import { attribute, DT } from './binding.js'
import { cast, compose, FLOAT } from './compose.js'
import { FlatVariables } from './flat-variables.js'
import type { NodeBackend } from './node-backend.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { ResourceVariables } from './resource-variables.js'

/** In place on resource variables. */
export const optimizerKernels: TensorFlowKernels = (backend) => {
  const single = new ResourceVariables(backend)
  const flat = backend.binding.partsOf && new FlatVariables(backend)
  const holderOf = (values: readonly TensorInfo[]): FlatVariables | ResourceVariables => (flat && fitsFlat(values) ? flat : single)
  const adam: Updates<NodeBackend>['adam'] = (kernel, backend, { values, m, v, gradients }, attributesOfAdam) => {
    const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attributesOfAdam
    checkLists(kernel, [values, m, v, gradients])
    const [c1, c2] = [ofFloat32(beta1, correction1), ofFloat32(beta2, correction2)]
    // Corrections moved into rate and ε, in float64: 1 - β₂ᵏ would lose half its digits in TensorFlow's float32.
    const numbers = [0, 0, (learningRate * Math.sqrt(c2)) / c1, beta1, beta2, epsilon * Math.sqrt(c2)]
    const attributes = [FLOAT, attribute.bool('use_locking', false), attribute.bool('use_nesterov', false)]
    withScalars(backend, numbers, (scalars) => {
      holderOf(values).update([values, m, v], gradients, (resources, gradient) => {
        backend.binding.executeOp('ResourceApplyAdam', attributes, [...resources, ...scalars, gradient], 0)
      })
    })
  }
  const sgd: Updates<NodeBackend>['sgd'] = (kernel, backend, { values, velocities, gradients }, { learningRate, momentum, nesterov }) => {
    checkLists(kernel, [values, velocities, gradients])
    const attributes = [FLOAT, attribute.bool('use_locking', false), attribute.bool('use_nesterov', nesterov)]
    withScalars(backend, [learningRate, momentum], ([rate, decay]) => {
      holderOf(values).update([values, velocities], gradients, (resources, gradient) => {
        backend.binding.executeOp('ResourceApplyMomentum', attributes, [...resources, rate, gradient, decay], 0)
      })
    })
  }
  return optimizerKernelsOf(() => backend, { adam, sgd, gradientNorm })
}

/** Most numbers of all variables together that are laid in one vector: of more, laying out the gradients takes longer than the calls. */
const MOST_FLAT = 2 ** 22

const fitsFlat = (values: readonly TensorInfo[]): boolean =>
  values.length > 1 && values.reduce((sum, { shape }) => sum + util.sizeFromShape(shape), 0) < MOST_FLAT

function gradientNorm(kernel: string, backend: NodeBackend, { gradients }: Lists<'gradients'>): TensorInfo[] {
  requireFloats(kernel, ...gradients)
  return compose(backend, (operations) => {
    const { run, floats, ints } = operations
    if (gradients.length === 0) return [floats([0], [1])]
    const halves = gradients.map((gradient) => run('L2Loss', [FLOAT], [gradient]))
    const stacked = run('Pack', [FLOAT, attribute.int('N', halves.length), attribute.int('axis', 0)], halves)
    // Each sum is a tree of float32; their sum, over tensors of any size, is taken in float64.
    const wide = cast(operations, stacked, DT.float, DT.double)
    const attributes = [attribute.type('T', DT.double), attribute.type('Tidx', DT.int32), attribute.bool('keep_dims', true)]
    const half = cast(operations, run('Sum', attributes, [wide, ints([0])]), DT.double, DT.float)
    return [run('Mul', [FLOAT], [half, floats([2])])]
  })
}

/** 1 - βᵏ for the β that TensorFlow computes with, which is rounded to float32. */
function ofFloat32(beta: number, correction: number): number {
  if (beta === 0 || correction >= 1) return correction
  const updates = Math.round(Math.log1p(-correction) / Math.log(beta))
  return -Math.expm1(updates * Math.log(Math.fround(beta)))
}

/** Runs `use` with scalars that live as long as it runs. */
function withScalars({ binding }: NodeBackend, numbers: readonly number[], use: (scalars: readonly number[]) => void): void {
  const scalars: number[] = []
  try {
    for (const number of numbers) scalars.push(binding.createTensor([], DT.float, Float32Array.of(number)))
    use(scalars)
  } finally {
    for (const id of scalars) binding.deleteTensor(id)
  }
}

/** Throws `shape` unless all lists fit, before anything changes. */
function checkLists(kernel: string, lists: readonly (readonly TensorInfo[])[]): void {
  for (const [row, value] of lists[0].entries()) {
    for (const list of lists) {
      const tensor = list[row] as TensorInfo | undefined
      if (list.length !== lists[0].length || tensor === undefined || !util.arraysEqual(tensor.shape, value.shape)) {
        throw new BackendError(
          'shape',
          `${kernel}: tensor ${row} of every list must have the shape [${value.shape.join(', ')}] of its variable.`,
        )
      }
      requireFloats(kernel, tensor)
    }
  }
}
