import type * as tf from '@tensorflow/tfjs-core'
import { bce } from './bce.js'
import { boundedBce } from './bounded-bce.js'
import { TrainError } from './errors.js'
import { kl } from './kl.js'
import { klReference } from './kl-reference.js'
import { mse } from './mse.js'

/** `(logits, targets)`, both `[batch, classes]`, → a scalar. */
export type Loss = (logits: tf.Tensor, targets: tf.Tensor) => tf.Scalar

/** Names of the losses of this package, for configurations that are JSON. */
export type LossName = 'bce' | 'boundedBce' | 'kl' | 'klReference' | 'mse'

const losses: Readonly<Record<LossName, Loss>> = { bce, boundedBce, kl, klReference, mse }

/**
 * The loss of a name.
 * @throws TrainError `'option'` for any other name
 */
export function lossByName(name: LossName): Loss {
  if (!Object.hasOwn(losses, name)) {
    throw new TrainError('option', `lossByName: no loss is called '${name}'. There are ${Object.keys(losses).join(', ')}.`)
  }
  return losses[name]
}
