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
 * Internal: runs a kernel that changes its inputs in place and gives nothing back: `<kernel>All` on all variables in one call, or `kernel` on one
 * after the other. A variable that shares its numbers with another tensor (a clone, the tensor it was made from) first gets its own, so the
 * other keeps its value. `lists` holds a tensor for each variable under every name.
 */
export function runInPlace(
  kernel: string,
  variables: readonly tf.Variable[],
  lists: Readonly<Record<string, readonly tf.Tensor[]>>,
  attributes: Record<string, number | boolean>,
): void {
  for (const variable of variables) {
    if (tf.backend().refCount(variable.dataId) > 1) tf.tidy(() => variable.assign(tf.mul(variable, 1)))
  }
  if (hasKernel(`${kernel}All`)) {
    // Lists as inputs, as Concat and AddN have them; the types know of single tensors alone.
    tf.engine().runKernel(`${kernel}All`, { values: variables, ...lists } as unknown as tf.NamedTensorMap, attributes)
    return
  }
  variables.forEach((value, i) => {
    const inputs = Object.entries(lists).map(([name, tensors]) => [SINGULAR[name], tensors[i]])
    tf.engine().runKernel(kernel, { value, ...Object.fromEntries(inputs) }, attributes)
  })
}

/** What the kernels of one variable call what those of all have a list of. */
const SINGULAR: Readonly<Record<string, string>> = { m: 'm', v: 'v', velocities: 'velocity', gradients: 'gradient' }
