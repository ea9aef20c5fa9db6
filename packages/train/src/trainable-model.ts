import type * as tf from '@tensorflow/tfjs-core'
import type { Rng } from './rng.js'

/** What a training step needs of a model; `createModel` of `@audiotag/models` gives one, and so can anything else. */
export interface TrainableModel {
  /** Weights and running statistics by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>
  /** Names of the variables that get gradients; the others are running statistics. */
  readonly trainable: readonly string[]
  /**
   * Logits `[batch, classes]`. In training, batch norms use and update their statistics. `activations` comes from {@link TrainStepParts}: a model
   * that does not know it keeps what it always keeps.
   */
  forward(input: tf.Tensor, options?: { head?: string; training?: boolean; rng?: Rng; activations?: 'keep' | 'recompute' }): tf.Tensor
}
