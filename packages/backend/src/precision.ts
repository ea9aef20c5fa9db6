/**
 * How a backend computes convolutions. `'bfloat16'` (`node`, `node-gpu`): factors are rounded to 8 bits of mantissa. `'float16'` (`webgpu`, on a device that has
 * `shader-f16`): to 11 bits, gradients scaled to the range of half floats by their largest number; what lies beyond ±65,504 becomes infinite. Sums are float32 in both, and so is
 * all else: weights, batch norm, optimiser. Convolutions of a single channel, those of a spectrogram or waveform, stay float32.
 */
export type Precision = 'float32' | 'bfloat16' | 'float16'
