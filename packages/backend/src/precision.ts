/**
 * How a backend computes convolutions. `'bfloat16'`: their inputs are rounded to 8 bits of mantissa, their sums are float32, and so is all else: weights, batch norm,
 * optimiser. Convolutions of a single channel, those of a spectrogram or waveform, stay
 * float32. `node` and `node-gpu` offer it.
 */
export type Precision = 'float32' | 'bfloat16'
