import * as tf from '@tensorflow/tfjs-core'
// Registers the gradients of the stock operations, which tfjs-core alone leaves out; its own file for that cannot be imported in Node.
import '@tensorflow/tfjs-layers'
import { TrainError } from './errors.js'
import { type Loss, lossByName, type LossName } from './loss.js'
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
export function createTrainStep({ model, optimizer, streams }: TrainStepParts): TrainStep {
  const parts = checkedStreams(streams)
  const trainable = trainableVariables(model)
  let busy = false

  return async (batches, { learningRate, weights = {}, rng }) => {
    if (busy) throw new TrainError('busy', 'trainStep: the step before is still running. Await it first.')
    if (!(learningRate >= 0 && learningRate < Infinity)) {
      throw new TrainError('option', `trainStep: learningRate must be a finite number of at least 0, got ${learningRate}.`)
    }
    checkBatches(parts, batches)
    const streams = reweighted(parts, weights)
    busy = true
    try {
      const { readback, gradients } = differentiate(model, trainable, streams, batches, rng)
      try {
        const result = summarise(streams, await readback.data<'float32'>())
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

interface CheckedStream {
  readonly name: string
  readonly forward: { head?: string }
  readonly loss: Loss
  readonly weight: number
}

function checkedStreams(streams: readonly Stream[]): CheckedStream[] {
  if (streams.length === 0) throw new TrainError('stream', 'createTrainStep: streams must name at least one stream, got none.')
  const names = new Set<string>()
  return streams.map(({ name, head, loss, weight = 1 }) => {
    if (names.has(name)) throw new TrainError('stream', `createTrainStep: each stream has a name of its own, got '${name}' twice.`)
    names.add(name)
    if (!Number.isFinite(weight)) {
      throw new TrainError('option', `createTrainStep: the weight of stream '${name}' must be a finite number, got ${weight}.`)
    }
    return { name, forward: head === undefined ? {} : { head }, loss: typeof loss === 'string' ? lossByName(loss) : loss, weight }
  })
}

function reweighted(streams: readonly CheckedStream[], weights: Readonly<Record<string, number>>): readonly CheckedStream[] {
  for (const [name, weight] of Object.entries(weights)) {
    if (!streams.some((stream) => stream.name === name)) {
      throw new TrainError('stream', `trainStep: there is a weight for '${name}', which is no stream of this step.`)
    }
    if (!Number.isFinite(weight))
      throw new TrainError('option', `trainStep: the weight of '${name}' must be a finite number, got ${weight}.`)
  }
  return streams.map((stream) => ({ ...stream, weight: weights[stream.name] ?? stream.weight }))
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

function checkBatches(streams: readonly CheckedStream[], batches: Batches): void {
  for (const { name } of streams) {
    if (!Object.hasOwn(batches, name)) {
      throw new TrainError('stream', `trainStep: there is no batch for stream '${name}', got ${list(Object.keys(batches))}.`)
    }
    const batch = batches[name]
    for (const part of ['input', 'targets'] as const) {
      const value = batch[part]
      if (value instanceof tf.Tensor) continue
      const size = value.shape.reduce((product, length) => product * length, 1)
      if (value.data.length !== size) {
        throw new TrainError(
          'shape',
          `trainStep: ${part} of stream '${name}' has ${value.data.length} numbers, but [${value.shape.join(', ')}] needs ${size}.`,
        )
      }
    }
  }
  const unknown = Object.keys(batches).filter((name) => !streams.some((stream) => stream.name === name))
  if (unknown.length > 0) {
    throw new TrainError(
      'stream',
      `trainStep: '${unknown[0]}' is no stream of this step, which has ${list(streams.map(({ name }) => name))}.`,
    )
  }
}

/** Forward passes and the backward pass; `readback` holds the losses, then sums of squares that add up to the squared norm. */
function differentiate(
  model: TrainableModel,
  trainable: ReadonlyMap<string, tf.Variable>,
  streams: readonly CheckedStream[],
  batches: Batches,
  rng: Rng | undefined,
): { readback: tf.Tensor1D; gradients: Record<string, tf.Tensor> } {
  const losses: tf.Scalar[] = []
  try {
    return tf.tidy(() => {
      const inputs = streams.map(({ name }) => ({ input: toTensor(batches[name].input), targets: toTensor(batches[name].targets) }))
      const { grads } = tf.variableGrads(() => {
        const terms = streams.map((stream, i) => {
          const logits = model.forward(inputs[i].input, { ...stream.forward, training: true, ...(rng && { rng }) })
          const loss = stream.loss(logits, inputs[i].targets)
          if (loss.size !== 1) {
            throw new TrainError(
              'shape',
              `trainStep: the loss of stream '${stream.name}' must be one number, got [${loss.shape.join(', ')}].`,
            )
          }
          losses.push(tf.keep(loss))
          return stream.weight === 1 ? loss : tf.mul(loss, stream.weight)
        })
        return terms.reduce((sum, term) => tf.add(sum, term)) as tf.Scalar
      }, [...trainable.values()])

      // Variables that no stream reaches, e.g. a head without a stream, have no gradient and keep their value.
      const gradients: Record<string, tf.Tensor> = {}
      for (const [name, variable] of trainable) {
        const gradient = grads[variable.name] as tf.Tensor | undefined
        if (gradient != null) gradients[name] = gradient
      }
      const squares = sumsOfSquares(Object.values(gradients))
      const readback = tf.concat1d([...losses.map((loss) => tf.reshape(loss, [1])), ...squares] as tf.Tensor1D[])
      return { readback, gradients }
    })
  } catch (error) {
    disposeTape()
    throw error
  } finally {
    tf.dispose(losses)
  }
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

function toTensor(value: tf.Tensor | NamedArray): tf.Tensor {
  return value instanceof tf.Tensor ? value : tf.tensor(value.data, [...value.shape], 'float32')
}

function summarise(streams: readonly CheckedStream[], numbers: Float32Array): StepResult {
  const losses: Record<string, number> = {}
  let total = 0
  streams.forEach(({ name, weight }, i) => {
    if (!Number.isFinite(numbers[i])) {
      throw new TrainError(
        'non-finite',
        `trainStep: the loss of stream '${name}' is ${numbers[i]}; nothing was updated. ` +
          'Look for NaN in its input, for rows without labels under kl, or lower the learning rate.',
      )
    }
    losses[name] = numbers[i]
    total += weight * numbers[i]
  })
  let squares = 0
  for (let i = streams.length; i < numbers.length; i++) squares += numbers[i]
  if (!Number.isFinite(squares)) {
    const names = streams.map(({ name }) => name)
    throw new TrainError(
      'non-finite',
      `trainStep: the gradient of ${list(names)} is not finite, its norm is ${Math.sqrt(squares)}; nothing was updated. Lower the learning rate.`,
    )
  }
  return { total, streams: losses, gradientNorm: Math.sqrt(squares) }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `'${name}'`).join(', ')
}
