import * as tf from '@tensorflow/tfjs-core'
// Registers the gradients of the stock operations, which tfjs-core alone leaves out; its own file for that cannot be imported in Node.
import '@tensorflow/tfjs-layers'
import { type BatchPart, microBatches, wholeBatches } from './batch-part.js'
import { checkBatches, type CheckedStream, checkedStreams, list, reweighted } from './checked-stream.js'
import { TrainError } from './errors.js'
import type { Loss, LossName } from './loss.js'
import type { NamedArray } from './named-array.js'
import type { Optimizer } from './optimizer.js'
import type { Rng } from './rng.js'
import type { TrainableModel } from './trainable-model.js'
import { hasKernel } from './updates.js'

/** One kind of clips: its head, its loss, its share of the sum. */
export interface Stream {
  /** Name under which batches are given and losses reported, e.g. `'curated'`, `'noisy'`, `'ssl'`. */
  readonly name: string
  /** Head of the model; default the model's first. */
  readonly head?: string
  /** A loss or the name of one of this package. */
  readonly loss: Loss | LossName
  /** Factor in the sum that is minimised; default 1. The paper's for soft pseudo labels is 20. */
  readonly weight?: number
}

/**
 * Input and targets of one stream. Tensors stay the caller's; from plain arrays the step makes tensors and frees them.
 */
export interface StreamBatch {
  /** What the model's `forward` takes, batch first. */
  readonly input: tf.Tensor | NamedArray
  /** `[batch, classes]` */
  readonly targets: tf.Tensor | NamedArray
}

/** One batch for every stream, by name. */
export type Batches = Readonly<Record<string, StreamBatch>>

/** Settings of one step. */
export interface StepOptions {
  /** Finite, at least 0. */
  readonly learningRate: number
  /** Weights for this step instead of the streams' own, by name, e.g. of a ramp. */
  readonly weights?: Readonly<Record<string, number>>
  /** Goes to the model's forward passes (dropout), one after the other. */
  readonly rng?: Rng
}

/** Losses before the update. */
export interface StepResult {
  /** Σ weight · loss. */
  readonly total: number
  /** Loss of each stream, without its weight. */
  readonly streams: Readonly<Record<string, number>>
  /** L2 norm of all gradients together. */
  readonly gradientNorm: number
}

/** One update of the model. Steps do not overlap: wait for one before the next. */
export type TrainStep = (batches: Batches, options: StepOptions) => Promise<StepResult>

/** What {@link createTrainStep} combines. */
export interface TrainStepParts {
  readonly model: TrainableModel
  readonly optimizer: Optimizer
  /** At least one, each name once. */
  readonly streams: readonly Stream[]
  /**
   * Most clips in memory at once: every stream then goes in turn, in parts of at most so many clips, each part with a forward and a backward pass
   * of its own; their gradients are added up before the one update. At least 1; default: all streams in one pass.
   *
   * Losses must be means over clips, as those of this package are; the result is then the mean over the whole batch, and gradients those of one pass
   * within rounding. Batch norm is not: it takes its statistics from the clips of a part and updates the running ones once a part.
   */
  readonly microBatch?: number
  /**
   * Passed on to the model's `forward`: `'recompute'` asks it to compute activations again for the gradient instead of keeping them all. Those of
   * `@audiotag/models` do, to the same bits; a model of another make may not know the option, and then memory and time stay as they are.
   * Default: not passed on, the model's own default.
   */
  readonly activations?: 'keep' | 'recompute'
}

/**
 * The multitask step: a forward pass for each stream in their order, each with batch statistics of its own and its own update of the running
 * ones, through the shared encoder into the stream's head; then one backward pass of Σ weight · loss and one update.
 *
 * Losses and the norm are read back together, once, without blocking. They are checked before the update: a loss or gradient that is not
 * finite is an error that names the stream, and the weights stay those of the last good step.
 *
 * @throws TrainError when made: `'stream'`, `'option'`; by a step: `'stream'`, `'shape'`, `'option'`, `'variable'`, `'non-finite'`, `'busy'`
 *
 * Paper §5.1 (multitask), §5.2 (third stream of soft pseudo labels); separate passes as in the authors' code.
 */
export function createTrainStep({ model, optimizer, streams, microBatch, activations }: TrainStepParts): TrainStep {
  const parts = checkedStreams(streams)
  if (microBatch !== undefined && !(Number.isInteger(microBatch) && microBatch >= 1)) {
    throw new TrainError('option', `createTrainStep: microBatch must be a whole number of clips, at least 1, got ${microBatch}.`)
  }
  if (activations !== undefined && activations !== 'keep' && activations !== 'recompute') {
    throw new TrainError('option', `createTrainStep: activations must be 'keep' or 'recompute', got ${String(activations)}. Leave it out.`)
  }
  const trainable = trainableVariables(model)
  let busy = false

  return async (batches, { learningRate, weights = {}, rng }) => {
    if (busy) throw new TrainError('busy', 'trainStep: the step before is still running. Await it first.')
    if (!(learningRate >= 0 && learningRate < Infinity)) {
      throw new TrainError('option', `trainStep: learningRate must be a finite number of at least 0, got ${learningRate}.`)
    }
    checkBatches(parts, batches)
    const streams = reweighted(parts, weights)
    const passes = microBatch === undefined ? [wholeBatches(streams, batches)] : microBatches(streams, batches, microBatch)
    busy = true
    try {
      const { readback, gradients } = differentiate(model, trainable, passes, { ...(activations && { activations }), ...(rng && { rng }) })
      try {
        const result = summarise(streams, passes.flat(), await readback.data<'float32'>())
        optimizer.apply(model.variables, gradients, learningRate)
        return result
      } finally {
        tf.dispose([readback, gradients])
      }
    } finally {
      busy = false
    }
  }
}

function trainableVariables(model: TrainableModel): Map<string, tf.Variable> {
  const missing = model.trainable.filter((name) => !model.variables.has(name))
  if (missing.length > 0) {
    throw new TrainError('variable', `createTrainStep: model.trainable names '${missing[0]}', which model.variables lacks.`)
  }
  if (model.trainable.length === 0)
    throw new TrainError('variable', 'createTrainStep: model.trainable is empty: there is nothing to train.')
  return new Map(model.trainable.map((name) => [name, model.variables.get(name)!]))
}

/** What all forward passes of a step get. */
interface ForwardOptions {
  readonly activations?: 'keep' | 'recompute'
  readonly rng?: Rng
}

/** Forward and backward passes; `readback` holds the losses of all parts, then sums of squares that add up to the squared norm. */
function differentiate(
  model: TrainableModel,
  trainable: ReadonlyMap<string, tf.Variable>,
  passes: readonly (readonly BatchPart[])[],
  options: ForwardOptions,
): { readback: tf.Tensor1D; gradients: Record<string, tf.Tensor> } {
  const losses: tf.Scalar[] = []
  // Variables that no stream reaches, e.g. a head without a stream, have no gradient and keep their value.
  const gradients: Record<string, tf.Tensor> = {}
  try {
    for (const pass of passes) {
      tf.tidy(() => {
        const grads = backward(model, trainable, pass, options, losses)
        for (const [name, variable] of trainable) {
          const gradient = grads[variable.name] as tf.Tensor | undefined
          if (gradient == null) continue
          const sum = gradients[name] as tf.Tensor | undefined
          gradients[name] = tf.keep(sum ? tf.add(sum, gradient) : gradient.clone())
          sum?.dispose()
        }
      })
    }
    const readback = tf.tidy(() => {
      const squares = sumsOfSquares(Object.values(gradients))
      return tf.concat1d([...losses.map((loss) => tf.reshape(loss, [1])), ...squares] as tf.Tensor1D[])
    })
    return { readback, gradients }
  } catch (error) {
    disposeTape()
    tf.dispose(gradients)
    throw error
  } finally {
    tf.dispose(losses)
  }
}

/** One backward pass of Σ weight · share · loss over some parts of batches. Adds their losses to `losses`, kept. */
function backward(
  model: TrainableModel,
  trainable: ReadonlyMap<string, tf.Variable>,
  parts: readonly BatchPart[],
  options: ForwardOptions,
  losses: tf.Scalar[],
): tf.NamedTensorMap {
  const tensors = parts.map(({ input, targets }) => ({ input: input(), targets: targets() }))
  const { grads } = tf.variableGrads(() => {
    const terms = parts.map(({ stream, share }, i) => {
      const logits = model.forward(tensors[i].input, { ...stream.forward, ...options, training: true })
      const loss = stream.loss(logits, tensors[i].targets)
      if (loss.size !== 1) {
        throw new TrainError('shape', `trainStep: the loss of stream '${stream.name}' must be one number, got [${loss.shape.join(', ')}].`)
      }
      losses.push(tf.keep(loss))
      const factor = stream.weight * share
      return factor === 1 ? loss : tf.mul(loss, factor)
    })
    return terms.reduce((sum, term) => tf.add(sum, term)) as tf.Scalar
  }, [...trainable.values()])
  return grads
}

/** Numbers that add up to the squared norm. Without a kernel that adds in float64, a sum for each row: one long float32 sum would lose digits. */
function sumsOfSquares(gradients: readonly tf.Tensor[]): tf.Tensor[] {
  if (hasKernel('AudiotagGradientNorm')) {
    return [tf.engine().runKernel('AudiotagGradientNorm', { gradients } as unknown as tf.NamedTensorMap) as unknown as tf.Tensor[]].flat()
  }
  return gradients.map((gradient) => {
    const length = gradient.rank === 0 ? 1 : gradient.shape[gradient.rank - 1]
    return tf.sum(tf.square(tf.reshape(gradient, [-1, length])), 1)
  })
}

/** After a forward pass that threw, the engine still holds what it kept for the backward pass. */
function disposeTape(): void {
  const { state } = tf.engine()
  if (state.gradientDepth > 0 || state.activeTape == null) return
  for (const node of state.activeTape) tf.dispose(node.saved ?? [])
  state.activeTape = []
}

function summarise(streams: readonly CheckedStream[], parts: readonly BatchPart[], numbers: Float32Array): StepResult {
  const losses: Record<string, number> = {}
  let total = 0
  for (const stream of streams) {
    const { name, weight } = stream
    let loss = 0
    parts.forEach((part, i) => {
      if (part.stream === stream) loss += part.share * numbers[i]
    })
    if (!Number.isFinite(loss)) {
      throw new TrainError(
        'non-finite',
        `trainStep: the loss of stream '${name}' is ${loss}; nothing was updated. ` +
          'Look for NaN in its input, for rows without labels under kl, or lower the learning rate.',
      )
    }
    losses[name] = loss
    total += weight * loss
  }
  let squares = 0
  for (let i = parts.length; i < numbers.length; i++) squares += numbers[i]
  if (!Number.isFinite(squares)) {
    const names = streams.map(({ name }) => name)
    throw new TrainError(
      'non-finite',
      `trainStep: the gradient of ${list(names)} is not finite, its norm is ${Math.sqrt(squares)}; nothing was updated. Lower the learning rate.`,
    )
  }
  return { total, streams: losses, gradientNorm: Math.sqrt(squares) }
}
