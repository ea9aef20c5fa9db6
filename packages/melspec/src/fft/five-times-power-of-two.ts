import FFT from 'fft.js'
import type { FftPlan } from './plan-fft.js'

const COS_1 = Math.cos((2 * Math.PI) / 5)
const COS_2 = Math.cos((4 * Math.PI) / 5)
const SIN_1 = Math.sin((2 * Math.PI) / 5)
const SIN_2 = Math.sin((4 * Math.PI) / 5)

/**
 * size = 5 · m, m a power of two: 5 and m have no common factor, so with n = m·n₁ + 5·n₂ (mod size) on the way in and
 * k ≡ k₁ (mod 5), k ≡ k₂ (mod m) on the way out, the transform is five of size m and m of size 5, with no twiddles between.
 */
export function fiveTimesPowerOfTwo(size: number): FftPlan {
  const m = size / 5
  const fft = new FFT(m)
  const row = new Float64Array(2 * m)
  const rows = Array.from({ length: 5 }, () => new Float64Array(2 * m))
  const [a, b, c, d, e] = rows
  const wrap = 2 * size
  const stepFive = 2 * idempotent(5, m)
  const stepM = 2 * idempotent(m, 5)

  return {
    size,
    kind: 'five-times-power-of-two',
    transform(input, output) {
      for (let n1 = 0; n1 < 5; n1++) {
        let from = 2 * m * n1
        for (let n2 = 0; n2 < 2 * m; n2 += 2) {
          row[n2] = input[from]
          row[n2 + 1] = input[from + 1]
          from += 10
          if (from >= wrap) from -= wrap
        }
        fft.transform(rows[n1], row)
      }
      let to = 0
      for (let k2 = 0; k2 < 2 * m; k2 += 2) {
        const sum1Re = b[k2] + e[k2]
        const sum1Im = b[k2 + 1] + e[k2 + 1]
        const sum2Re = c[k2] + d[k2]
        const sum2Im = c[k2 + 1] + d[k2 + 1]
        const difference1Re = b[k2] - e[k2]
        const difference1Im = b[k2 + 1] - e[k2 + 1]
        const difference2Re = c[k2] - d[k2]
        const difference2Im = c[k2 + 1] - d[k2 + 1]
        const even1Re = a[k2] + COS_1 * sum1Re + COS_2 * sum2Re
        const even1Im = a[k2 + 1] + COS_1 * sum1Im + COS_2 * sum2Im
        const even2Re = a[k2] + COS_2 * sum1Re + COS_1 * sum2Re
        const even2Im = a[k2 + 1] + COS_2 * sum1Im + COS_1 * sum2Im
        // −i times the odd parts
        const odd1Re = SIN_1 * difference1Im + SIN_2 * difference2Im
        const odd1Im = -SIN_1 * difference1Re - SIN_2 * difference2Re
        const odd2Re = SIN_2 * difference1Im - SIN_1 * difference2Im
        const odd2Im = -SIN_2 * difference1Re + SIN_1 * difference2Re

        let k = to
        output[k] = a[k2] + sum1Re + sum2Re
        output[k + 1] = a[k2 + 1] + sum1Im + sum2Im
        if ((k += stepFive) >= wrap) k -= wrap
        output[k] = even1Re + odd1Re
        output[k + 1] = even1Im + odd1Im
        if ((k += stepFive) >= wrap) k -= wrap
        output[k] = even2Re + odd2Re
        output[k + 1] = even2Im + odd2Im
        if ((k += stepFive) >= wrap) k -= wrap
        output[k] = even2Re - odd2Re
        output[k + 1] = even2Im - odd2Im
        if ((k += stepFive) >= wrap) k -= wrap
        output[k] = even1Re - odd1Re
        output[k + 1] = even1Im - odd1Im
        if ((to += stepM) >= wrap) to -= wrap
      }
    },
  }
}

/** The multiple of `other` that is 1 modulo `modulus`: how far k moves when its residue there moves by one and the other stays. */
function idempotent(modulus: number, other: number): number {
  let step = other
  while (step % modulus !== 1) step += other
  return step
}
