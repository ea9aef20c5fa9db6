import { AugmentError } from './errors.js'
import type { SampleInfo, Spectrogram, Waveform } from './sample.js'

/** A value as it may stand in a message: short, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${(value as Float32Array).length}`
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'a function' : String(value)
  const json = JSON.stringify(value)
  return json.length > 120 ? `${json.slice(0, 120)}…` : json
}

/** `value` must be a finite number in [min, max]. */
export function checkNumber(caller: string, field: string, value: unknown, min: number = -Infinity, max: number = Infinity): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return
  const range =
    max === Infinity ? (min === -Infinity ? 'a finite number' : `a finite number of at least ${min}`) : `a number from ${min} to ${max}`
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be ${range}, got ${show(value)}.`)
}

/** `value` must be a finite number above 0. */
export function checkPositive(caller: string, field: string, value: unknown, max: number = Infinity): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= max) return
  const range = max === Infinity ? 'a finite number above 0' : `above 0 and at most ${max}`
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be ${range}, got ${show(value)}.`)
}

/** `value` must be an integer in [min, max]. */
export function checkInteger(caller: string, field: string, value: unknown, min: number = 0, max: number = Infinity): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
  const range = max === Infinity ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be ${range}, got ${show(value)}.`)
}

/** `value` must be one of `allowed`. */
export function checkChoice(caller: string, field: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be one of ${allowed.map(show).join(', ')}, got ${show(value)}.`)
}

/** `minName` must not be above `maxName`. */
export function checkOrder(caller: string, minName: string, min: number, maxName: string, max: number): void {
  if (min <= max) return
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${minName} must be at most ${maxName}, got ${min} and ${max}.`)
}

/** No option may have a name that nobody reads: a typing mistake would silently mean the default. */
export function checkNames(caller: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new AugmentError('AUGMENT_RANGE', `${caller}: there is no option ${name}. Options: ${known.join(', ')}.`)
    }
  }
}

/** A size out of a {@link SampleInfo}, which must be there and at least 1. */
export function sizeOf(caller: string, about: SampleInfo, field: 'bins' | 'frames' | 'samples'): number {
  const size = about[field]
  checkInteger(caller, `about.${field}`, size, 1)
  return size as number
}

/** `sample` must be a spectrogram whose sizes fit its data. */
export function checkSpectrogram(caller: string, sample: Spectrogram): void {
  const { data, bins, frames } = (sample ?? {}) as Partial<Spectrogram>
  if (!(data instanceof Float32Array)) {
    throw new AugmentError('AUGMENT_SHAPE', `${caller}: sample.data must be a Float32Array [bins, frames], got ${show(data)}.`)
  }
  checkInteger(caller, 'sample.bins', bins, 1)
  checkInteger(caller, 'sample.frames', frames, 1)
  if (data.length !== (bins as number) * (frames as number)) {
    throw new AugmentError(
      'AUGMENT_SHAPE',
      `${caller}: sample.data must have bins · frames = ${bins} · ${frames} values, got ${data.length}.`,
    )
  }
}

/** `sample` must be a waveform of at least one sample. */
export function checkWaveform(caller: string, sample: Waveform): void {
  const { samples, sampleRate } = (sample ?? {}) as Partial<Waveform>
  if (!(samples instanceof Float32Array) || samples.length === 0) {
    throw new AugmentError('AUGMENT_SHAPE', `${caller}: sample.samples must be a Float32Array of at least 1 sample, got ${show(samples)}.`)
  }
  checkNumber(caller, 'sample.sampleRate', sampleRate, 1)
}
