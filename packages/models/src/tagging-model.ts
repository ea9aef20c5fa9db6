import type * as tf from '@tensorflow/tfjs-core'
import type { CompleteModelConfig } from './model-config.js'
import type { Rng } from './rng.js'

/** How to run a model forward. */
export interface PredictOptions {
  /** Which head; default the first. */
  readonly head?: string
  /**
   * Valid frames or samples of each clip of a batch padded at the end, `[batch]`. What lies behind them is then ignored: a clip's result is
   * bit for bit that of the clip alone. Not in training. Default: everything is valid.
   */
  readonly lengths?: readonly number[] | Int32Array
}

/** How to run a model forward, in training too. */
export interface ForwardOptions extends PredictOptions {
  /** Batch norm by batch statistics (the running ones are updated) and dropout. Default false. */
  readonly training?: boolean
  /**
   * What the gradient needs of the forward pass, in training: `'keep'` holds every activation until then; `'recompute'` holds what one residual block
   * (one convolution, in EnvNet) passes on to the next and computes the rest again, to the same bits in less memory, for the time of
   * another forward pass. First derivatives only. Default `'keep'`.
   */
  readonly activations?: 'keep' | 'recompute'
  /** Draws the dropout masks, new ones every call; needed in training if the model has dropout. */
  readonly rng?: Rng
}

/** A network for audio tagging with its weights. */
export interface TaggingModel {
  /** What it was made from, defaults filled in. */
  readonly config: CompleteModelConfig
  /**
   * Weights by PyTorch's names, in TensorFlow.js order: convolutions `[height, width, in / groups, out]`, linear layers `[in, out]`.
   * EnvNet's first linear layers take inputs ordered height · channels + channel.
   */
  readonly variables: ReadonlyMap<string, tf.Variable>
  /** Names of the variables that gradients train: all but the running statistics. */
  readonly trainable: readonly string[]
  /** Shortest input, in frames or samples. */
  readonly minLength: number
  /**
   * Logits `[batch, classes]` of log-mel clips `[batch, mels, frames, 1]` or waveforms `[batch, samples]` (or `[batch, samples, 1]`).
   * The caller disposes them. Differentiable, also by the input.
   *
   * @throws {ModelError} `input`, `length`, `head`, `randomness`, `activations`, `disposed`: see the message.
   */
  forward(input: tf.Tensor, options?: ForwardOptions): tf.Tensor2D
  /** As `forward`, then sigmoid or softmax: probabilities `[batch, classes]`. */
  predict(input: tf.Tensor, options?: PredictOptions): tf.Tensor2D
  /** Frees all weights. */
  dispose(): void
}
