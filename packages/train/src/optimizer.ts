import type * as tf from '@tensorflow/tfjs-core'
import type { NamedArray } from './named-array.js'

/**
 * An update rule whose memory is keyed by variable name, so that it survives another order or another subset of variables. Counts and bias
 * corrections are float64 numbers of JavaScript: a state saved and loaded goes on bit for bit.
 */
export interface Optimizer {
  /** The rule and its settings, JSON-safe; checkpoints carry them. */
  readonly config: OptimizerConfig
  /**
   * Updates every variable that has a gradient. Gradients stay the caller's.
   *
   * @param variables by name; those without a gradient are left as they are
   * @param gradients by name, each in the shape of its variable
   * @param learningRate at least 0
   * @throws TrainError `'variable'` (a gradient without variable, a wrong shape), `'option'` (the rate), `'disposed'`
   */
  apply(variables: ReadonlyMap<string, tf.Variable>, gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number): void
  /** A copy of the memory, `<slot>/<variable>` → numbers. Empty before the first update. */
  state(): Promise<Record<string, NamedArray>>
  /**
   * Replaces the memory by what {@link Optimizer.state} gave.
   * @throws TrainError `'checkpoint'` for a name or shape that no state of this rule has; the memory is then unchanged
   */
  load(state: Readonly<Record<string, NamedArray>>): void
  /** Frees the memory; the optimiser cannot be used after. */
  dispose(): void
}

/** Settings of an optimiser as JSON; {@link createOptimizer} makes one of them. */
export type OptimizerConfig =
  | { readonly name: 'adam'; readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number }
  | { readonly name: 'sgd'; readonly momentum?: number; readonly nesterov?: boolean }
