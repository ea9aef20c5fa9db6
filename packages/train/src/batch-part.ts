import * as tf from '@tensorflow/tfjs-core'
import type { CheckedStream } from './checked-stream.js'
import type { Batches } from './create-train-step.js'
import { TrainError } from './errors.js'
import type { NamedArray } from './named-array.js'

/** Internal: some clips of the batch of a stream. */
export interface BatchPart {
  readonly stream: CheckedStream
  /** Clips of this part / clips of the batch. */
  readonly share: number
  /** Makes the tensor when its turn comes, inside a tidy; the caller's own stays the caller's. */
  readonly input: () => tf.Tensor
  readonly targets: () => tf.Tensor
}

/** Internal: every batch whole. */
export function wholeBatches(streams: readonly CheckedStream[], batches: Batches): BatchPart[] {
  return streams.map((stream) => {
    const { input, targets } = batches[stream.name]
    return { stream, share: 1, input: () => whole(input), targets: () => whole(targets) }
  })
}

/** Internal: passes of one part each, of at most `microBatch` clips, as even as that allows. Throws TrainError `'shape'`. */
export function microBatches(streams: readonly CheckedStream[], batches: Batches, microBatch: number): BatchPart[][] {
  return streams.flatMap((stream) => {
    const { input, targets } = batches[stream.name]
    const clips = input.shape[0] as number | undefined
    if (!clips || clips !== targets.shape[0]) {
      throw new TrainError(
        'shape',
        `trainStep: input and targets of stream '${stream.name}' must have the same number of clips, at least 1, ` +
          `got [${input.shape.join(', ')}] and [${targets.shape.join(', ')}].`,
      )
    }
    const parts = Math.ceil(clips / microBatch)
    return Array.from({ length: parts }, (_, part) => {
      const from = Math.floor((clips * part) / parts)
      const count = Math.floor((clips * (part + 1)) / parts) - from
      return [{ stream, share: count / clips, input: () => rows(input, from, count), targets: () => rows(targets, from, count) }]
    })
  })
}

function whole(value: tf.Tensor | NamedArray): tf.Tensor {
  return value instanceof tf.Tensor ? value : tf.tensor(value.data, [...value.shape], 'float32')
}

function rows(value: tf.Tensor | NamedArray, from: number, count: number): tf.Tensor {
  const [clips, ...rest] = value.shape
  if (value instanceof tf.Tensor) return tf.slice(value, [from, ...rest.map(() => 0)], [count, ...rest])
  const length = value.data.length / clips
  return tf.tensor(value.data.slice(from * length, (from + count) * length), [count, ...rest], 'float32')
}
