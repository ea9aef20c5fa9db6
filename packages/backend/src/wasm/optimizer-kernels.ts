import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import type { Heap } from './heap.js'
import { requireFloats } from './require-floats.js'
import type { OwnKernels } from './own-kernels.js'

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

/** Elements of a gradient that the kernel sums in one go. */
const BLOCK = 8192

/** The updates that `@audiotag/train` calls: in place, without temporaries, of one variable or of all in one call; and the norm of all gradients. */
export const optimizerKernels: OwnKernels = (heapOf) => ({
  AudiotagAdam: ({ inputs, attrs, backend }) => {
    const { value, m, v, gradient } = inputs as Record<'value' | 'm' | 'v' | 'gradient', TensorInfo>
    return adam('AudiotagAdam', heapOf(backend), { values: [value], m: [m], v: [v], gradients: [gradient] }, attrs)
  },
  AudiotagAdamAll: ({ inputs, attrs, backend }) =>
    adam('AudiotagAdamAll', heapOf(backend), inputs as unknown as Lists<'values' | 'm' | 'v' | 'gradients'>, attrs),
  AudiotagSgd: ({ inputs, attrs, backend }) => {
    const { value, velocity, gradient } = inputs as Record<'value' | 'velocity' | 'gradient', TensorInfo>
    return sgd('AudiotagSgd', heapOf(backend), { values: [value], velocities: [velocity], gradients: [gradient] }, attrs)
  },
  AudiotagSgdAll: ({ inputs, attrs, backend }) =>
    sgd('AudiotagSgdAll', heapOf(backend), inputs as unknown as Lists<'values' | 'velocities' | 'gradients'>, attrs),
  AudiotagGradientNorm: ({ inputs, backend }) => {
    const { gradients } = inputs as unknown as Lists<'gradients'>
    const heap = heapOf(backend)
    const { words, elements } = table('AudiotagGradientNorm', heap, [gradients, gradients, gradients, gradients])
    const output = heap.output([1])
    const blocks = elements.reduce((sum, n) => sum + Math.ceil(n / BLOCK), 0)
    const start = heap.table(words, 8 + blocks * 8)
    const sums = Math.ceil((start + words.length * 4) / 8) * 8
    heap.run('squareSums', [start, elements.length, blocks, sums], { work: total(elements) })
    heap.view(output)[0] = heap.doubles(sums, blocks).reduce((sum, square) => sum + square, 0)
    return [output]
  },
})

function adam(kernel: string, heap: Heap, { values, m, v, gradients }: Lists<'values' | 'm' | 'v' | 'gradients'>, attrs: unknown): [] {
  const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attrs as AdamAttributes
  const reals = [beta1, 1 - beta1, beta2, 1 - beta2, learningRate / correction1, 1 / Math.sqrt(correction2), epsilon]
  const { words, elements } = table(kernel, heap, [values, m, v, gradients])
  heap.run('adam', [heap.table(words), elements.length, vectors(elements)], { reals, work: total(elements) })
  for (const value of values) heap.changed(value)
  return []
}

function sgd(
  kernel: string,
  heap: Heap,
  { values, velocities, gradients }: Lists<'values' | 'velocities' | 'gradients'>,
  attrs: unknown,
): [] {
  const { learningRate, momentum, nesterov } = attrs as SgdAttributes
  const { words, elements } = table(kernel, heap, [values, velocities, velocities, gradients])
  const job = [heap.table(words), elements.length, vectors(elements), nesterov ? 1 : 0]
  heap.run('sgd', job, { reals: [learningRate, momentum], work: total(elements) })
  for (const value of values) heap.changed(value)
  return []
}

/** Addresses of the four tensors of each variable, then their elements. */
function table(
  kernel: string,
  heap: Heap,
  columns: readonly [readonly TensorInfo[], readonly TensorInfo[], readonly TensorInfo[], readonly TensorInfo[]],
): { words: number[]; elements: number[] } {
  const words: number[] = []
  const elements = columns[0].map((value, row) => {
    const size = util.sizeFromShape(value.shape)
    for (const column of columns) {
      const tensor = column[row] as TensorInfo | undefined
      if (column.length !== columns[0].length || tensor === undefined || util.sizeFromShape(tensor.shape) !== size) {
        throw new BackendError(
          'shape',
          `${kernel}: tensor ${row} of every list must have the shape [${value.shape.join(', ')}] of its variable.`,
        )
      }
      requireFloats(kernel, tensor)
      words.push(heap.address(tensor))
    }
    words.push(size)
    return size
  })
  return { words, elements }
}

/** Vectors of four that the variables take, each its own. */
function vectors(elements: readonly number[]): number {
  return elements.reduce((sum, n) => sum + Math.ceil(n / 4), 0)
}

function total(elements: readonly number[]): number {
  return elements.reduce((sum, n) => sum + n, 0)
}
