import FFT from 'fft.js'
import type { FftPlan } from './plan-fft.js'

/**
 * Any size as a convolution with a chirp, done at a power of two: with n k = (n² + k² − (k − n)²) / 2,
 * X[k] = c[k] Σ_n (x[n] c[n]) c̄[k − n], c[n] = exp(−πi n² / size).
 */
export function bluestein(size: number): FftPlan {
  const padded = 2 ** Math.ceil(Math.log2(2 * size - 1))
  const fft = new FFT(padded)
  const chirp = new Float64Array(2 * size)
  for (let n = 0; n < size; n++) {
    // n² mod 2·size keeps the angle small and so the cosine exact.
    const angle = (-Math.PI * ((n * n) % (2 * size))) / size
    chirp[2 * n] = Math.cos(angle)
    chirp[2 * n + 1] = Math.sin(angle)
  }
  const signal = new Float64Array(2 * padded)
  const spectrum = new Float64Array(2 * padded)
  const kernel = new Float64Array(2 * padded)
  for (let n = 0; n < size; n++) {
    const mirrored = n === 0 ? 0 : padded - n
    signal[2 * n] = signal[2 * mirrored] = chirp[2 * n]
    signal[2 * n + 1] = signal[2 * mirrored + 1] = -chirp[2 * n + 1]
  }
  fft.transform(kernel, signal)

  return {
    size,
    kind: 'bluestein',
    transform(input, output) {
      for (let n = 0; n < 2 * size; n += 2) {
        signal[n] = input[n] * chirp[n] - input[n + 1] * chirp[n + 1]
        signal[n + 1] = input[n] * chirp[n + 1] + input[n + 1] * chirp[n]
      }
      signal.fill(0, 2 * size)
      fft.transform(spectrum, signal)
      // The inverse transform of a spectrum is the conjugate of the forward transform of its conjugate, over the size.
      for (let k = 0; k < 2 * padded; k += 2) {
        const real = spectrum[k] * kernel[k] - spectrum[k + 1] * kernel[k + 1]
        const imaginary = spectrum[k] * kernel[k + 1] + spectrum[k + 1] * kernel[k]
        spectrum[k] = real
        spectrum[k + 1] = -imaginary
      }
      fft.transform(signal, spectrum)
      for (let k = 0; k < 2 * size; k += 2) {
        const real = signal[k] / padded
        const imaginary = -signal[k + 1] / padded
        output[k] = real * chirp[k] - imaginary * chirp[k + 1]
        output[k + 1] = real * chirp[k + 1] + imaginary * chirp[k]
      }
    },
  }
}
