import * as tf from '@tensorflow/tfjs-core'
import type { Batches, Stream } from './create-train-step.js'
import { TrainError } from './errors.js'
import { type Loss, lossByName } from './loss.js'

/** Internal: a stream with its defaults. */
export interface CheckedStream {
  readonly name: string
  readonly forward: { head?: string }
  readonly loss: Loss
  readonly weight: number
}

/** Internal: the streams of a step with their defaults. */
export function checkedStreams(streams: readonly Stream[]): CheckedStream[] {
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

/** Internal: the streams with the weights of one step. */
export function reweighted(streams: readonly CheckedStream[], weights: Readonly<Record<string, number>>): readonly CheckedStream[] {
  for (const [name, weight] of Object.entries(weights)) {
    if (!streams.some((stream) => stream.name === name)) {
      throw new TrainError('stream', `trainStep: there is a weight for '${name}', which is no stream of this step.`)
    }
    if (!Number.isFinite(weight))
      throw new TrainError('option', `trainStep: the weight of '${name}' must be a finite number, got ${weight}.`)
  }
  return streams.map((stream) => ({ ...stream, weight: weights[stream.name] ?? stream.weight }))
}

/** Internal: throws unless there is a batch for each stream and for nothing else. */
export function checkBatches(streams: readonly CheckedStream[], batches: Batches): void {
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

/** Internal: names for a message. */
export function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `'${name}'`).join(', ')
}
