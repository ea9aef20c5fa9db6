import { MelspecError } from '../errors.js'
import { bluestein } from './bluestein.js'
import { fiveTimesPowerOfTwo } from './five-times-power-of-two.js'
import { powerOfTwo } from './power-of-two.js'

/** A forward complex DFT of one size. It owns scratch memory: not to be shared between threads, free to be kept. */
export interface FftPlan {
  readonly size: number
  readonly kind: 'power-of-two' | 'five-times-power-of-two' | 'bluestein'
  /**
   * `output[k] = Σ_n input[n] · exp(−2πi k n / size)`, not normalised.
   *
   * @param input  `[2 · size]` real and imaginary parts in turn; not changed
   * @param output `[2 · size]` the same, overwritten; another array than `input`
   */
  transform(input: Float64Array, output: Float64Array): void
}

const MAX_SIZE = 2 ** 24

/**
 * Plans a Fourier transform: powers of two by `fft.js`; 5 × 2^k (the paper's 2560) by the prime-factor scheme of Good and Thomas, about
 * as fast; every other size by Bluestein's algorithm, some three to six times slower.
 *
 * @param size 1 to 2²⁴
 * @throws `MELSPEC_OPTION` for another size
 * @see Good 1958; Bluestein 1970
 * @example
 * import { planFft } from '@audiotag/melspec'
 * const output = new Float64Array(6)
 * planFft(3).transform(Float64Array.of(1, 0, 1, 0, 1, 0), output)
 * Math.round(output[0]) // => 3
 */
export function planFft(size: number): FftPlan {
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) {
    throw new MelspecError('MELSPEC_OPTION', `planFft: size must be an integer from 1 to ${MAX_SIZE}, got ${size}.`)
  }
  if (isPowerOfTwo(size)) return checked(powerOfTwo(size))
  if (size % 5 === 0 && size > 5 && isPowerOfTwo(size / 5)) return checked(fiveTimesPowerOfTwo(size))
  return checked(bluestein(size))
}

function isPowerOfTwo(size: number): boolean {
  return Number.isInteger(Math.log2(size))
}

function checked(plan: FftPlan): FftPlan {
  const { size, kind } = plan
  return Object.freeze({
    size,
    kind,
    transform(input: Float64Array, output: Float64Array): void {
      if (input.length !== 2 * size || output.length !== 2 * size || input === output) {
        throw new MelspecError(
          'MELSPEC_SHAPE',
          `transform: input and output must be two arrays of ${2 * size} numbers, got ${input.length} and ${output.length}${input === output ? ', the same array' : ''}.`,
        )
      }
      plan.transform(input, output)
    },
  })
}
