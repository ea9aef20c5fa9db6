import { BackendError } from './errors.js'

/**
 * How a backend computes convolutions. `'bfloat16'` (`node`, `node-gpu`): factors are rounded to 8 bits of mantissa. `'float16'` (`webgpu`, on a device that has
 * `shader-f16`): to 11 bits, gradients scaled to the range of half floats by their largest number; what lies beyond ±65,504 becomes infinite. Sums are float32 in both, and so is
 * all else: weights, batch norm, optimiser. Convolutions of a single channel, those of a spectrogram or waveform, stay float32.
 */
export type Precision = 'float32' | 'bfloat16' | 'float16'

/** Whether a convolution is computed in a lower precision where that is chosen. Not one of a single channel: a signal, which fewer digits would spoil, and little to compute. */
export const takesLowPrecision = ({ inChannels }: { readonly inChannels: number }): boolean => inChannels > 1

/** Throws `option` unless a precision is float32 or the other one that there is. */
export function requirePrecision(caller: string, precision: Precision | undefined, other: Precision): void {
  if (precision !== undefined && precision !== 'float32' && precision !== other) {
    throw new BackendError('option', `${caller}: precision must be 'float32' or '${other}', got ${precision}.`)
  }
}
