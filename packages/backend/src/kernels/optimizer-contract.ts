import { util } from '@tensorflow/tfjs-core'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireFloats } from './require-floats.js'

/** Attributes of `AudiotagAdam` and `AudiotagAdamAll`; `correction1` = 1 - beta1^k at the k-th update. */
export interface AdamAttributes {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly correction1: number
  readonly correction2: number
}

/** Attributes of `AudiotagSgd` and `AudiotagSgdAll`. */
export interface SgdAttributes {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
}

/** Lists of tensors, one entry a variable. */
export type Lists<Name extends string> = Record<Name, readonly TensorInfo[]>

/** The updates of a backend; `kernel` is the name that its errors say. */
export interface Updates<Backend> {
  readonly adam: (kernel: string, backend: Backend, tensors: Lists<'values' | 'm' | 'v' | 'gradients'>, attributes: AdamAttributes) => void
  readonly sgd: (kernel: string, backend: Backend, tensors: Lists<'values' | 'velocities' | 'gradients'>, attributes: SgdAttributes) => void
  readonly gradientNorm: (kernel: string, backend: Backend, tensors: Lists<'gradients'>) => TensorInfo[]
}

/** The kernels that `@audiotag/train` calls: in place, of one variable or of all in one call; and the norm of all gradients. */
export function optimizerKernelsOf<Backend>(
  backendOf: (backend: unknown) => Backend,
  updates: Updates<Backend>,
): Record<string, KernelFunc> {
  const adam =
    (name: string, tensorsOf: (inputs: never) => Lists<'values' | 'm' | 'v' | 'gradients'>): KernelFunc =>
    ({ inputs, attrs, backend }) => {
      updates.adam(name, backendOf(backend), tensorsOf(inputs as never), attrs as unknown as AdamAttributes)
      return []
    }
  const sgd =
    (name: string, tensorsOf: (inputs: never) => Lists<'values' | 'velocities' | 'gradients'>): KernelFunc =>
    ({ inputs, attrs, backend }) => {
      updates.sgd(name, backendOf(backend), tensorsOf(inputs as never), attrs as unknown as SgdAttributes)
      return []
    }
  return {
    AudiotagAdam: adam('AudiotagAdam', ({ value, m, v, gradient }: Record<'value' | 'm' | 'v' | 'gradient', TensorInfo>) => ({
      values: [value],
      m: [m],
      v: [v],
      gradients: [gradient],
    })),
    AudiotagAdamAll: adam('AudiotagAdamAll', (inputs) => inputs),
    AudiotagSgd: sgd('AudiotagSgd', ({ value, velocity, gradient }: Record<'value' | 'velocity' | 'gradient', TensorInfo>) => ({
      values: [value],
      velocities: [velocity],
      gradients: [gradient],
    })),
    AudiotagSgdAll: sgd('AudiotagSgdAll', (inputs) => inputs),
    AudiotagGradientNorm: ({ inputs, backend }) =>
      updates.gradientNorm('AudiotagGradientNorm', backendOf(backend), inputs as unknown as Lists<'gradients'>),
  }
}

/**
 * Elements of each variable.
 *
 * @throws BackendError `shape` unless all lists hold float32 tensors of the variables' sizes, before anything changes
 */
export function checkedSizes(kernel: string, lists: readonly (readonly TensorInfo[])[]): number[] {
  return lists[0].map((first, row) => {
    const size = util.sizeFromShape(first.shape)
    for (const list of lists) {
      const tensor = list[row] as TensorInfo | undefined
      if (list.length !== lists[0].length || tensor === undefined || util.sizeFromShape(tensor.shape) !== size) {
        throw new BackendError(
          'shape',
          `${kernel}: tensor ${row} of every list must have the shape [${first.shape.join(', ')}] of its variable.`,
        )
      }
      requireFloats(kernel, tensor)
    }
    return size
  })
}
