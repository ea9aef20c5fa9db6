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
  readonly fft: FFT
  /** Periodic Hann. */
  readonly window: Float64Array
  /** A-weights as power ratios, one a bin. */
  readonly weights: Float64Array
  readonly frame: number[]
  readonly spectrum: number[]
}

const plans = new Map<string, Plan>()

function planFor(sampleRate: number, frameSamples: number): Plan {
  const name = `${sampleRate} ${frameSamples}`
  let plan = plans.get(name)
  if (plan === undefined) {
    const fft = new FFT(frameSamples)
    plan = {
      fft,
      window: Float64Array.from({ length: frameSamples }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameSamples)),
      weights: Float64Array.from({ length: frameSamples / 2 + 1 }, (_, k) => 10 ** (aWeighting((k * sampleRate) / frameSamples) / 10)),
      frame: Array.from<number>({ length: frameSamples }).fill(0),
      spectrum: fft.createComplexArray(),
    }
    if (plans.size >= 8) plans.clear() // a bound on memory for programs that meet many sample rates
    plans.set(name, plan)
  }
  return plan
}

function loudestWeighted(clip: Float32Array, sampleRate: number, frameSamples: number): number {
  const { fft, window, weights, frame, spectrum } = planFor(sampleRate, frameSamples)
  let loudest = 0
  for (let start = 0; start + frameSamples <= clip.length; start += frameSamples / 2) {
    for (let i = 0; i < frameSamples; i++) frame[i] = window[i] * clip[start + i]
    fft.realTransform(spectrum, frame)
    let power = 0
    for (let k = 0; k <= frameSamples / 2; k++) power += weights[k] * (spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2)
    if (Number.isNaN(power)) return NaN
    loudest = Math.max(loudest, power)
  }
  return loudest
}
