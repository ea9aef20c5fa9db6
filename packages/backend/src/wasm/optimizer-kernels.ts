import type { TensorInfo } from '@tensorflow/tfjs-core'

import { checkedSizes, optimizerKernelsOf } from '../kernels/optimizer-contract.js'
import type { AdamAttributes, Lists, SgdAttributes } from '../kernels/optimizer-contract.js'
import type { Heap } from './heap.js'
import type { OwnKernels } from './own-kernels.js'

/** Elements of a gradient that the kernel sums in one go. */
const BLOCK = 8192

/** In place, without temporaries; the norm in blocks. */
export const optimizerKernels: OwnKernels = (heapOf) => optimizerKernelsOf(heapOf, { adam, sgd, gradientNorm })

function gradientNorm(kernel: string, heap: Heap, { gradients }: Lists<'gradients'>): TensorInfo[] {
  const { words, elements } = table(kernel, heap, [gradients, gradients, gradients, gradients])
  const output = heap.output([1])
  const blocks = elements.reduce((sum, n) => sum + Math.ceil(n / BLOCK), 0)
  const start = heap.table(words, 8 + blocks * 8)
  const sums = Math.ceil((start + words.length * 4) / 8) * 8
  heap.run('squareSums', [start, elements.length, blocks, sums], { work: total(elements) })
  heap.view(output)[0] = heap.doubles(sums, blocks).reduce((sum, square) => sum + square, 0)
  return [output]
}

function adam(
  kernel: string,
  heap: Heap,
  { values, m, v, gradients }: Lists<'values' | 'm' | 'v' | 'gradients'>,
  attributes: AdamAttributes,
): void {
  const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attributes
  const reals = [beta1, 1 - beta1, beta2, 1 - beta2, learningRate / correction1, 1 / Math.sqrt(correction2), epsilon]
  const { words, elements } = table(kernel, heap, [values, m, v, gradients])
  heap.run('adam', [heap.table(words), elements.length, vectors(elements)], { reals, work: total(elements) })
  for (const value of values) heap.changed(value)
}

function sgd(
  kernel: string,
  heap: Heap,
  { values, velocities, gradients }: Lists<'values' | 'velocities' | 'gradients'>,
  { learningRate, momentum, nesterov }: SgdAttributes,
): void {
  const { words, elements } = table(kernel, heap, [values, velocities, velocities, gradients])
  const job = [heap.table(words), elements.length, vectors(elements), nesterov ? 1 : 0]
  heap.run('sgd', job, { reals: [learningRate, momentum], work: total(elements) })
  for (const value of values) heap.changed(value)
}

/** Addresses of the four tensors of each variable, then their elements. */
function table(
  kernel: string,
  heap: Heap,
  columns: readonly [readonly TensorInfo[], readonly TensorInfo[], readonly TensorInfo[], readonly TensorInfo[]],
): { words: number[]; elements: number[] } {
  const elements = checkedSizes(kernel, columns)
  const words = elements.flatMap((size, row) => [...columns.map((column) => heap.address(column[row])), size])
  return { words, elements }
}

/** Vectors of four that the variables take, each its own. */
function vectors(elements: readonly number[]): number {
  return elements.reduce((sum, n) => sum + Math.ceil(n / 4), 0)
}

function total(elements: readonly number[]): number {
  return elements.reduce((sum, n) => sum + n, 0)
}
