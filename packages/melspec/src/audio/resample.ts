import { MelspecError } from '../errors.js'

/** Options of `resample`: both sample rates. */
export interface ResampleOptions {
  /** Sample rate of the input, whole Hz. */
  readonly fromHertz: number
  /** Sample rate wanted, whole Hz. */
  readonly toHertz: number
}

/** Stop-band attenuation in dB: what lies above the lower Nyquist frequency is folded back 130 dB quieter. */
const ATTENUATION = 130
/** End of the pass band as a share of the lower Nyquist frequency, where the stop band begins. */
const PASS_BAND = 0.91
/** Up to this many filter phases are kept as exact tables; more (44 099 → 44 100 Hz) are interpolated. */
const MAX_PHASES = 1024
/** Points per zero crossing of the table that phases are interpolated in: an error of (1/4096)² · π² / 24, −153 dB. */
const TABLE_STEPS = 4096

/**
 * Changes the sample rate: polyphase, with a linear-phase Kaiser-windowed sinc. Pass band to 91 % of the lower Nyquist frequency, aliases
 * and images below −130 dB; nothing is delayed. Outside the clip there is silence.
 *
 * @param samples mono `[samples]`
 * @returns `[⌈samples · toHertz / fromHertz⌉]`, a copy when the rates are equal
 * @throws `MELSPEC_OPTION` rates that are not whole Hz of at least 1; `AUDIO_NOT_FINITE` NaN or infinite samples
 * @see Oppenheim & Schafer, Discrete-Time Signal Processing, §7.5 (Kaiser window)
 */
export function resample(samples: Float32Array, options: ResampleOptions): Float32Array {
  const { fromHertz, toHertz } = options
  for (const [name, hertz] of Object.entries({ fromHertz, toHertz })) {
    if (!Number.isInteger(hertz) || hertz < 1 || hertz > 2 ** 31) {
      throw new MelspecError('MELSPEC_OPTION', `resample: ${name} must be a whole number of Hz, at least 1, got ${hertz}.`)
    }
  }
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i]))
      throw new MelspecError('AUDIO_NOT_FINITE', `resample: samples must be finite, got ${samples[i]} at sample ${i}.`)
  }
  if (fromHertz === toHertz) return samples.slice()
  const divisor = greatestCommonDivisor(fromHertz, toHertz)
  const up = toHertz / divisor
  const down = fromHertz / divisor
  const phaseTaps = phasesOf(up, down)
  const { taps } = phaseTaps
  const before = taps / 2 - 1

  const length = Math.ceil((samples.length * up) / down)
  const result = new Float32Array(length)
  // Output i lies at input position i · down / up = whole + phase / up.
  let whole = 0
  let phase = 0
  for (let i = 0; i < length; i++) {
    const coefficients = phaseTaps.at(phase)
    const first = whole - before
    const from = Math.max(0, -first)
    const to = Math.min(taps, samples.length - first)
    let sum = 0
    for (let tap = from; tap < to; tap++) sum += coefficients[tap] * samples[first + tap]
    result[i] = sum
    phase += down
    whole += Math.floor(phase / up)
    phase %= up
  }
  return result
}

interface Phases {
  /** Taps a phase, even; tap `t` of phase `p` weighs the input at `t − (taps / 2 − 1) − p / up` from the output. */
  readonly taps: number
  at(phase: number): Float64Array
}

function phasesOf(up: number, down: number): Phases {
  // In units of the input rate: the cut-off lies half-way between pass band and stop band.
  const lowerNyquist = Math.min(1, up / down)
  const cutOff = (lowerNyquist * (1 + PASS_BAND)) / 2
  const transition = lowerNyquist * (1 - PASS_BAND)
  const beta = 0.1102 * (ATTENUATION - 8.7)
  const half = (ATTENUATION - 7.95) / (2.285 * Math.PI * transition) / 2
  const taps = 2 * Math.ceil(half)
  const before = taps / 2 - 1
  const atZero = besselI0(beta)
  const kernel = (x: number): number => {
    const inside = 1 - (x / half) ** 2
    if (inside <= 0) return 0
    const angle = Math.PI * cutOff * x
    return cutOff * (angle === 0 ? 1 : Math.sin(angle) / angle) * (besselI0(beta * Math.sqrt(inside)) / atZero)
  }

  if (up <= MAX_PHASES) {
    const tables: (Float64Array | undefined)[] = []
    const make = (phase: number): Float64Array => Float64Array.from({ length: taps }, (_, tap) => kernel(tap - before - phase / up))
    return { taps, at: (phase) => (tables[phase] ??= make(phase)) }
  }
  const steps = TABLE_STEPS * cutOff
  const table = Float64Array.from({ length: Math.ceil((taps + 1) * steps) + 2 }, (_, i) => kernel(i / steps))
  const scratch = new Float64Array(taps)
  return {
    taps,
    at(phase) {
      for (let tap = 0; tap < taps; tap++) {
        const x = Math.abs(tap - before - phase / up) * steps
        const i = Math.floor(x)
        scratch[tap] = table[i] + (x - i) * (table[i + 1] - table[i])
      }
      return scratch
    },
  }
}

/** Modified Bessel function of the first kind, order 0: Σ ((x/2)^k / k!)². */
function besselI0(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
