import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from '../wasm/require-floats.js'
import { attribute, DT } from './binding.js'
import { compose, FLOAT } from './compose.js'
import type { NodeBackend } from './node-backend.js'
import type { TensorFlowKernels } from './own-kernels.js'
import { ResourceVariables } from './resource-variables.js'

/** Attributes of `AudiotagAdam` and `AudiotagAdamAll`; `correction1` = 1 - beta1^k at the k-th update. */
interface AdamAttributes {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly correction1: number
  readonly correction2: number
}

/** Attributes of `AudiotagSgd` and `AudiotagSgdAll`. */
interface SgdAttributes {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
}

/** Lists of tensors, one entry a variable. */
type Lists<Name extends string> = Record<Name, readonly TensorInfo[]>

/** The updates that `@audiotag/train` calls, in place on resource variables; and the norm of all gradients. */
export const optimizerKernels: TensorFlowKernels = (backend) => {
  const variables = new ResourceVariables(backend)
  const adam = (kernel: string, { values, m, v, gradients }: Lists<'values' | 'm' | 'v' | 'gradients'>, attrs: unknown): [] => {
    const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attrs as AdamAttributes
    checkLists(kernel, [values, m, v, gradients])
    const [c1, c2] = [ofFloat32(beta1, correction1), ofFloat32(beta2, correction2)]
    // Corrections moved into rate and ε, in float64: 1 - β₂ᵏ would lose half its digits in TensorFlow's float32.
    const numbers = [0, 0, (learningRate * Math.sqrt(c2)) / c1, beta1, beta2, epsilon * Math.sqrt(c2)]
    const attributes = [FLOAT, attribute.bool('use_locking', false), attribute.bool('use_nesterov', false)]
    withScalars(backend, numbers, (scalars) => {
      for (const [row, gradient] of gradients.entries()) {
        const [id] = backend.getInputTensorIds([gradient])
        variables.update([values[row], m[row], v[row]], (resources) => {
          backend.binding.executeOp('ResourceApplyAdam', attributes, [...resources, ...scalars, id], 0)
        })
      }
    })
    return []
  }
  const sgd = (kernel: string, { values, velocities, gradients }: Lists<'values' | 'velocities' | 'gradients'>, attrs: unknown): [] => {
    const { learningRate, momentum, nesterov } = attrs as SgdAttributes
    checkLists(kernel, [values, velocities, gradients])
    const attributes = [FLOAT, attribute.bool('use_locking', false), attribute.bool('use_nesterov', nesterov)]
    withScalars(backend, [learningRate, momentum], ([rate, decay]) => {
      for (const [row, gradient] of gradients.entries()) {
        const [id] = backend.getInputTensorIds([gradient])
        variables.update([values[row], velocities[row]], (resources) => {
          backend.binding.executeOp('ResourceApplyMomentum', attributes, [...resources, rate, id, decay], 0)
        })
      }
    })
    return []
  }
  return {
    AudiotagAdam: ({ inputs, attrs }) => {
      const { value, m, v, gradient } = inputs as Record<'value' | 'm' | 'v' | 'gradient', TensorInfo>
      return adam('AudiotagAdam', { values: [value], m: [m], v: [v], gradients: [gradient] }, attrs)
    },
    AudiotagAdamAll: ({ inputs, attrs }) => adam('AudiotagAdamAll', inputs as unknown as Lists<'values' | 'm' | 'v' | 'gradients'>, attrs),
    AudiotagSgd: ({ inputs, attrs }) => {
      const { value, velocity, gradient } = inputs as Record<'value' | 'velocity' | 'gradient', TensorInfo>
      return sgd('AudiotagSgd', { values: [value], velocities: [velocity], gradients: [gradient] }, attrs)
    },
    AudiotagSgdAll: ({ inputs, attrs }) => sgd('AudiotagSgdAll', inputs as unknown as Lists<'values' | 'velocities' | 'gradients'>, attrs),
    AudiotagGradientNorm: ({ inputs }) => {
      const { gradients } = inputs as unknown as Lists<'gradients'>
      requireFloats('AudiotagGradientNorm', ...gradients)
      return compose(backend, ({ run, floats, ints }) => {
        if (gradients.length === 0) return [floats([0], [1])]
        const halves = gradients.map((gradient) => run('L2Loss', [FLOAT], [gradient]))
        const stacked = run('Pack', [FLOAT, attribute.int('N', halves.length), attribute.int('axis', 0)], halves)
        // Each sum is a tree of float32; their sum, over tensors of any size, is taken in float64.
        const wide = cast(run, stacked, DT.float, DT.double)
        const attributes = [attribute.type('T', DT.double), attribute.type('Tidx', DT.int32), attribute.bool('keep_dims', true)]
        const half = cast(run, run('Sum', attributes, [wide, ints([0])]), DT.double, DT.float)
        return [run('Mul', [FLOAT], [half, floats([2])])]
      })
    },
  }
}

const cast = (
  run: Parameters<Parameters<typeof compose>[1]>[0]['run'],
  x: Parameters<typeof run>[2][0],
  from: number,
  to: number,
): ReturnType<typeof run> => run('Cast', [attribute.type('SrcT', from), attribute.type('DstT', to), attribute.bool('Truncate', false)], [x])

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
