import { show } from './check.js'
import { AugmentError } from './errors.js'

/**
 * What masked values of a power spectrogram become: a number (0 is silence), `'floor'` (80 dB below the largest value that is not
 * masked, which is where a later `topDb` of 80 puts everything softer), or `'mean'` (the mean of the spectrogram before the mask).
 */
export type MaskFill = number | 'floor' | 'mean'

export function checkFill(caller: string, fill: unknown): void {
  if (fill === 'floor' || fill === 'mean' || (typeof fill === 'number' && Number.isFinite(fill))) return
  throw new AugmentError('AUGMENT_RANGE', `${caller}: fill must be a finite number, 'floor' or 'mean', got ${show(fill)}.`)
}

/** The number that `fill` stands for, for masks along one axis. */
export function fillValue(data: Float32Array, fill: MaskFill, masked: (bin: number, frame: number) => boolean, frames: number): number {
  if (typeof fill === 'number') return fill
  if (fill === 'mean') {
    let sum = 0
    for (const value of data) sum += value
    return sum / data.length
  }
  let max = 0
  for (let i = 0; i < data.length; i++) {
    if (data[i] > max && !masked(Math.floor(i / frames), i % frames)) max = data[i]
  }
  return max * 1e-8
}
