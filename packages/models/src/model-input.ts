import type * as tf from '@tensorflow/tfjs-core'
import { architectures, type Architecture } from './architectures.js'
import { ModelError } from './errors.js'

/** An input as the encoder takes it. */
export interface CheckedInput {
  /** `[batch, height, time, 1]` */
  readonly shape: [number, number, number, number]
  readonly time: number
}

/**
 * Checks type and shape of an input and names the shape the encoder reads it in.
 *
 * @throws {ModelError} `input`: wrong rank, channels or type. `length`: too short.
 */
export function checkedInput(architecture: Architecture, input: tf.Tensor): CheckedInput {
  const { input: kind, minLength } = architectures[architecture]
  const { shape, dtype } = input
  const wanted = kind === 'log-mel' ? '[batch, mels, frames, 1]' : '[batch, samples]'
  const fits = kind === 'log-mel' ? shape.length === 4 && shape[3] === 1 : shape.length === 2 || (shape.length === 3 && shape[2] === 1)
  if (!fits || shape[0] === 0) {
    throw new ModelError(
      'input',
      `forward: ${architecture} takes ${wanted}, at least one clip, got [${shape.join(', ')}]. Reshape the input.`,
    )
  }
  if (dtype !== 'float32') {
    throw new ModelError('input', `forward: input must be float32, got ${dtype}. Cast it with tf.cast(input, 'float32').`)
  }
  const [batch, height, time] = kind === 'log-mel' ? (shape as [number, number, number]) : [shape[0], 1, shape[1] as number]
  if (time < minLength) {
    const unit = kind === 'log-mel' ? 'frames' : 'samples'
    throw new ModelError(
      'length',
      `forward: ${architecture} needs at least ${minLength} ${unit}, got ${time}. Pad the clip with zeros at its end.`,
    )
  }
  if (kind === 'log-mel' && height < minLength) {
    throw new ModelError('input', `forward: ${architecture} needs at least ${minLength} mel bands, got ${height}. Use more bands.`)
  }
  return { shape: [batch, height, time, 1], time }
}

/** What `lengths` are checked against. */
export interface LengthLimits {
  readonly training: boolean
  readonly batch: number
  readonly time: number
  readonly minLength: number
}

/**
 * Checks the valid lengths of a padded batch.
 *
 * @throws {ModelError} `length`: not one integer from the model's minimum to the padded length a clip, or in training.
 */
export function checkedLengths(
  lengths: readonly number[] | Int32Array,
  { training, batch, time, minLength }: LengthLimits,
): readonly number[] {
  if (training) {
    throw new ModelError('length', 'forward: lengths are for inference, got training: true. Train on clips of one length, without lengths.')
  }
  if (lengths.length !== batch) {
    throw new ModelError('length', `forward: lengths must hold one number a clip (${batch}), got ${lengths.length}. Pass one for each.`)
  }
  const wrong = lengths.findIndex((length) => !Number.isSafeInteger(length) || length < minLength || length > time)
  if (wrong >= 0) {
    throw new ModelError(
      'length',
      `forward: lengths[${wrong}] must be an integer from ${minLength} to ${time}, got ${lengths[wrong]}. Count valid frames or samples; pad shorter clips.`,
    )
  }
  return Array.from(lengths)
}
