import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import { sameShape, type Slot, type Slots } from './slots.js'

/** Internal: what an optimiser goes through, all checked before the first of them changes. */
export function updates(
  owner: string,
  variables: ReadonlyMap<string, tf.Variable>,
  gradients: Readonly<Record<string, tf.Tensor>>,
  learningRate: number,
  slots: Slots,
): { variable: tf.Variable; gradient: tf.Tensor; slot: Slot }[] {
  slots.check()
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new TrainError('option', `${owner}: learningRate must be a finite number of at least 0, got ${learningRate}.`)
  }
  return Object.entries(gradients).map(([name, gradient]) => {
    const variable = variables.get(name)
    if (variable === undefined) {
      throw new TrainError(
        'variable',
        `${owner}: there is a gradient for '${name}', but no such variable. Name gradients as the variables are.`,
      )
    }
    if (!sameShape(variable.shape, gradient.shape)) {
      throw new TrainError(
        'variable',
        `${owner}: the gradient of '${name}' must have the shape of the variable, [${variable.shape.join(', ')}], got [${gradient.shape.join(', ')}].`,
      )
    }
    return { variable, gradient, slot: slots.get(name, variable) }
  })
}

/** Internal: whether the current backend has a fused kernel of this name. */
export function hasKernel(kernel: string): boolean {
  return tf.getKernel(kernel, tf.getBackend()) != null
}

/**
 * Internal: runs a kernel that changes its inputs in place and gives nothing back. A variable that shares its numbers with another tensor
 * (a clone, the tensor it was made from) first gets its own, so the other keeps its value.
 */
export function runInPlace(
  kernel: string,
  variable: tf.Variable,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, number | boolean>,
): void {
  if (tf.backend().refCount(variable.dataId) > 1) variable.assign(tf.mul(variable, 1))
  tf.engine().runKernel(kernel, { value: variable, ...inputs }, attributes)
}
