import FFT from 'fft.js'
import { aWeighting } from './a-weighting.js'
import { checkChoice, checkInteger, checkNumber } from './check.js'
import { AugmentError } from './errors.js'

/**
 * How a clip's loudness is measured. `'A'`: A-weighted power. `'rms'`: mean square. `'int16-rms'`: the mean square of 16-bit samples
 * whose squares wrap round at 16 bits, as in the authors' code; of use only to reproduce it.
 */
export type GainMode = 'A' | 'rms' | 'int16-rms'

/** Options of `clipGain`: sample rate, measure of loudness and length of its frames. */
export interface ClipGainOptions {
  /** Hertz */
  readonly sampleRate: number
  /** @defaultValue 'A' */
  readonly mode?: GainMode
  /** Samples a frame, a power of two ≥ 4. @defaultValue the one nearest to 0.1 s: 4096 at 44.1 kHz, 2048 at 16 kHz */
  readonly frameSamples?: number
}

const FLOOR = 1e-8 // −80 dB

/**
 * The gain that BC learning balances clips by, dB: that of the loudest frame (frames overlap by half; a shorter clip is padded with
 * zeros to one), not below −80 dB. `'A'` gains are unnormalised and lie some 60 dB above `'rms'` gains: compare only like with like.
 *
 * @throws `AUGMENT_NOT_FINITE` when the clip holds NaN or infinity
 * @see Tokozume et al. 2018, arXiv:1711.10282, and its published code
 */
export function clipGain(samples: Float32Array, options: ClipGainOptions): number {
  const { sampleRate, mode = 'A', frameSamples = 2 ** Math.round(Math.log2(sampleRate / 10)) } = options
  checkNumber('clipGain', 'sampleRate', sampleRate, 100)
  checkChoice('clipGain', 'mode', mode, ['A', 'rms', 'int16-rms'])
  checkInteger('clipGain', 'frameSamples', frameSamples, 4, 2 ** 20)
  if (!Number.isInteger(Math.log2(frameSamples))) {
    throw new AugmentError('AUGMENT_RANGE', `clipGain: frameSamples must be a power of two, got ${frameSamples}.`)
  }
  let clip = samples
  if (clip.length < frameSamples) {
    clip = new Float32Array(frameSamples)
    clip.set(samples)
  }
  const power =
    mode === 'A'
      ? loudestWeighted(clip, sampleRate, frameSamples)
      : loudestMean(clip, frameSamples, mode === 'rms' ? square : wrappedSquare)
  if (!Number.isFinite(power)) {
    throw new AugmentError('AUGMENT_NOT_FINITE', 'clipGain: samples must be finite, got NaN or infinity. Drop or repair the clip.')
  }
  return 10 * Math.log10(Math.max(FLOOR, power))
}

const square = (x: number): number => x * x

function wrappedSquare(x: number): number {
  if (!Number.isFinite(x)) return NaN
  const value = Math.max(-32768, Math.min(32767, Math.round(x * 32768)))
  return (Math.imul(value, value) << 16) >> 16
}

function loudestMean(clip: Float32Array, frameSamples: number, power: (x: number) => number): number {
  let loudest = -Infinity
  for (let start = 0; start + frameSamples <= clip.length; start += frameSamples / 2) {
    let sum = 0
    for (let i = start; i < start + frameSamples; i++) sum += power(clip[i])
    if (Number.isNaN(sum)) return NaN
    loudest = Math.max(loudest, sum / frameSamples)
  }
  return loudest
}

interface Plan {
  /** Of half the frame's size: see `weightedPower`. */
  readonly fft: FFT
  /** Periodic Hann. */
  readonly window: Float64Array
  /** A-weights as power ratios, one a bin. */
  readonly weights: Float64Array
  /** The weighted power of a windowed frame is at most this many times the sum of its squares. */
  readonly bound: number
  /** cos 2πk / frameSamples and sine in turn, k < frameSamples / 4. */
  readonly turns: Float64Array
  readonly frame: number[]
  readonly spectrum: number[]
}

const plans = new Map<string, Plan>()

function planFor(sampleRate: number, frameSamples: number): Plan {
  const name = `${sampleRate} ${frameSamples}`
  let plan = plans.get(name)
  if (plan === undefined) {
    const half = frameSamples / 2
    const fft = new FFT(half)
    const weights = Float64Array.from({ length: half + 1 }, (_, k) => 10 ** (aWeighting((k * sampleRate) / frameSamples) / 10))
    // Parseval: the squares of all bins sum to frameSamples times those of the samples; bins other than the first and last count twice.
    const heaviest = weights.reduce((most, weight, k) => Math.max(most, k % half === 0 ? weight : weight / 2), 0)
    plan = {
      fft,
      window: Float64Array.from({ length: frameSamples }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameSamples)),
      weights,
      bound: heaviest * frameSamples * (1 + 1e-9), // more than rounding could add
      turns: Float64Array.from({ length: half }, (_, i) => {
        const angle = (2 * Math.PI * (i >> 1)) / frameSamples
        return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
      }),
      frame: fft.createComplexArray(),
      spectrum: fft.createComplexArray(),
    }
    if (plans.size >= 8) plans.clear() // a bound on memory for programs that meet many sample rates
    plans.set(name, plan)
  }
  return plan
}

function loudestWeighted(clip: Float32Array, sampleRate: number, frameSamples: number): number {
  const plan = planFor(sampleRate, frameSamples)
  const { window, bound, frame } = plan
  let loudest = 0
  for (let start = 0; start + frameSamples <= clip.length; start += frameSamples / 2) {
    let energy = 0
    for (let i = 0; i < frameSamples; i++) {
      const x = window[i] * clip[start + i]
      frame[i] = x
      energy += x * x
    }
    if (bound * energy <= loudest) continue // silent, or too soft to be the loudest; never so for NaN
    const power = weightedPower(plan)
    if (Number.isNaN(power)) return NaN
    loudest = Math.max(loudest, power)
  }
  return loudest
}

/**
 * Of the plan's frame. Its even samples are the real and its odd ones the imaginary parts of a frame of half the size, whose spectrum
 * Z splits into that of the even ones, E, and that of the odd ones, O; then X[k] = E[k] + exp(−2πi k / frameSamples) O[k], and
 * X[half − k] is the conjugate of the same with a minus.
 */
function weightedPower({ fft, weights, turns, frame, spectrum }: Plan): number {
  fft.transform(spectrum, frame)
  const half = weights.length - 1
  let power = weights[half / 2] * (spectrum[half] ** 2 + spectrum[half + 1] ** 2)
  for (let k = 0; k < half / 2; k++) {
    const mirrored = k === 0 ? 0 : 2 * (half - k)
    const re = spectrum[2 * k]
    const im = spectrum[2 * k + 1]
    const evenRe = re + spectrum[mirrored]
    const evenIm = im - spectrum[mirrored + 1]
    const oddRe = im + spectrum[mirrored + 1]
    const oddIm = spectrum[mirrored] - re
    const turnedRe = turns[2 * k] * oddRe + turns[2 * k + 1] * oddIm
    const turnedIm = turns[2 * k] * oddIm - turns[2 * k + 1] * oddRe
    const sum = (evenRe + turnedRe) ** 2 + (evenIm + turnedIm) ** 2
    const difference = (evenRe - turnedRe) ** 2 + (evenIm - turnedIm) ** 2
    power += (weights[k] * sum + weights[half - k] * difference) / 4 // E and O are twice theirs here
  }
  return power
}
