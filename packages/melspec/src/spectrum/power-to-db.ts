import { MelspecError } from '../errors.js'
import type { Spectrogram } from '../spectrogram.js'
import { log10OfBits } from './log10.js'

/** Options of `powerToDb`: what is 0 dB, and the two floors. */
export interface PowerToDbOptions {
  /** The power that is 0 dB, above 0, or `'max'` for the largest of this spectrogram. Default 1. */
  readonly reference?: number | 'max'
  /** Powers below are taken for this, above 0. Default 1e-10, −100 dB. */
  readonly amin?: number
  /** Values more than this many dB below the largest of this spectrogram are raised to there; null for no such floor. Default 80. */
  readonly topDb?: number | null
}

/** Options of `amplitudeToDb`: those of `powerToDb`, on the scale of amplitudes. */
export interface AmplitudeToDbOptions extends PowerToDbOptions {
  /** The amplitude that is 0 dB. Default 1. */
  readonly reference?: number | 'max'
  /** Amplitudes below are taken for this. Default 1e-5, −100 dB. */
  readonly amin?: number
}

/**
 * Power to decibels, as `librosa.power_to_db`: 10 log₁₀(max(amin, x)) − 10 log₁₀(max(amin, reference)), then not below the largest − topDb.
 *
 * @param spectrogram power `[bins, frames]`, one clip: `topDb` and `'max'` look at all of it
 * @returns dB, same shape
 * @throws `MELSPEC_OPTION` an option out of range; `MELSPEC_SAMPLES` negative power; `AUDIO_NOT_FINITE` NaN or infinite power
 */
export function powerToDb(spectrogram: Spectrogram, options: PowerToDbOptions = {}): Spectrogram {
  const { reference = 1, amin = 1e-10, topDb = 80 } = options
  return toDb(spectrogram, { reference, amin, topDb, exponent: 1, name: 'powerToDb' })
}

/**
 * Amplitude to decibels, as `librosa.amplitude_to_db`: `powerToDb` of the squares.
 *
 * @param spectrogram amplitude `[bins, frames]` (`power: 1`)
 * @returns dB, same shape
 * @throws `MELSPEC_OPTION`, `MELSPEC_SAMPLES`, `AUDIO_NOT_FINITE`
 */
export function amplitudeToDb(spectrogram: Spectrogram, options: AmplitudeToDbOptions = {}): Spectrogram {
  const { reference = 1, amin = 1e-5, topDb = 80 } = options
  return toDb(spectrogram, { reference, amin, topDb, exponent: 2, name: 'amplitudeToDb' })
}

/** Below it the bits of a float32 are no exponent and mantissa. */
const SMALLEST_NORMAL = 2 ** -126

interface Settings {
  readonly reference: number | 'max'
  readonly amin: number
  readonly topDb: number | null
  readonly exponent: 1 | 2
  readonly name: string
}

function toDb(spectrogram: Spectrogram, { reference, amin, topDb, exponent, name }: Settings): Spectrogram {
  const { data, bins, frames } = spectrogram
  if (!positive(amin)) throw new MelspecError('MELSPEC_OPTION', `${name}: amin must be above 0, got ${amin}.`)
  if (reference !== 'max' && !positive(reference))
    throw new MelspecError('MELSPEC_OPTION', `${name}: reference must be above 0 or 'max', got ${String(reference)}.`)
  if (topDb !== null && !(topDb >= 0))
    throw new MelspecError('MELSPEC_OPTION', `${name}: topDb must be at least 0, or null for no floor, got ${String(topDb)}.`)
  let largest = 0
  for (let i = 0; i < data.length; i++) {
    if (!(data[i] >= 0 && data[i] < Infinity)) throw unfit(data[i], i, name)
    if (data[i] > largest) largest = data[i]
  }
  const scale = 10 * exponent
  const top = scale * log10(Math.max(amin, largest))
  const zero = reference === 'max' ? top : scale * log10(Math.max(amin, reference))
  const floor = topDb === null ? -Infinity : top - zero - topDb
  const lowest = Math.max(floor, scale * log10(amin) - zero)

  const result = new Float32Array(data.length)
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
  const smallest = Math.max(amin, SMALLEST_NORMAL)
  for (let i = 0; i < data.length; i++) {
    if (data[i] >= smallest) result[i] = Math.max(floor, scale * log10OfBits(bits[i]) - zero)
    else result[i] = data[i] > amin ? Math.max(floor, scale * Math.log10(data[i]) - zero) : lowest
  }
  return { data: result, bins, frames }
}

/** The same value as in the loop where there is one, so that the largest is exactly 0 dB of itself. */
function log10(value: number): number {
  const single = Float32Array.of(value)
  return single[0] === value && value >= SMALLEST_NORMAL ? log10OfBits(new Int32Array(single.buffer)[0]) : Math.log10(value)
}

function unfit(value: number, i: number, name: string): MelspecError {
  if (value < 0 && value > -Infinity)
    return new MelspecError('MELSPEC_SAMPLES', `${name}: values must be at least 0, got ${value} at ${i}.`)
  return new MelspecError('AUDIO_NOT_FINITE', `${name}: values must be finite, got ${value} at ${i}.`)
}

function positive(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
