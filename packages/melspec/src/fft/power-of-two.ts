import FFT from 'fft.js'
import type { FftPlan } from './plan-fft.js'

/** `fft.js`, which begins at size 2. */
export function powerOfTwo(size: number): FftPlan {
  if (size === 1) return { size, kind: 'power-of-two', transform: (input, output) => output.set(input) }
  const fft = new FFT(size)
  return { size, kind: 'power-of-two', transform: (input, output) => fft.transform(output, input) }
}
