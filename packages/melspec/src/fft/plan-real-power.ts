import { planFft } from './plan-fft.js'

/** The squared magnitudes of a real signal's transform. */
export interface RealPowerPlan {
  /**
   * `power[k] = |Σ_n frame[n] · exp(−2πi k n / size)|²`
   *
   * @param frame `[size]`
   * @param power `[1 + ⌊size / 2⌋]`, overwritten
   */
  transform(frame: Float64Array, power: Float64Array): void
}

/** Even sizes take one complex transform of half the size; odd ones a complex transform with zeros. */
export function planRealPower(size: number): RealPowerPlan {
  return size % 2 === 0 ? evenPlan(size) : oddPlan(size)
}

function evenPlan(size: number): RealPowerPlan {
  const half = size / 2
  const fft = planFft(half)
  const output = new Float64Array(size)
  const cosines = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size))
  const sines = Float64Array.from({ length: half }, (_, k) => Math.sin((2 * Math.PI * k) / size))
  return {
    transform(frame, power) {
      // Read as complex numbers, the frame is even samples + i · odd samples. With Z its transform, the even samples' is
      // E[k] = (Z[k] + Z*[−k]) / 2, the odd samples' O[k] = (Z[k] − Z*[−k]) / 2i, and X[k] = E[k] + w^k O[k], X[half − k]* = E[k] − w^k O[k].
      fft.transform(frame, output)
      power[0] = (output[0] + output[1]) ** 2
      power[half] = (output[0] - output[1]) ** 2
      for (let k = 1; 2 * k <= half; k++) {
        const up = 2 * k
        const down = 2 * (half - k)
        const evenRe = output[up] + output[down]
        const evenIm = output[up + 1] - output[down + 1]
        const oddRe = output[up + 1] + output[down + 1]
        const oddIm = output[down] - output[up]
        const turnedRe = oddRe * cosines[k] + oddIm * sines[k]
        const turnedIm = oddIm * cosines[k] - oddRe * sines[k]
        const sumRe = evenRe + turnedRe
        const sumIm = evenIm + turnedIm
        const differenceRe = evenRe - turnedRe
        const differenceIm = evenIm - turnedIm
        power[k] = (sumRe * sumRe + sumIm * sumIm) / 4
        power[half - k] = (differenceRe * differenceRe + differenceIm * differenceIm) / 4
      }
    },
  }
}

function oddPlan(size: number): RealPowerPlan {
  const fft = planFft(size)
  const input = new Float64Array(2 * size)
  const output = new Float64Array(2 * size)
  return {
    transform(frame, power) {
      for (let n = 0; n < size; n++) input[2 * n] = frame[n]
      fft.transform(input, output)
      for (let k = 0; 2 * k < size; k++) power[k] = output[2 * k] ** 2 + output[2 * k + 1] ** 2
    },
  }
}
