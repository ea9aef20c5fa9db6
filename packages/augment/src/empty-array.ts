import { AugmentError } from './errors.js'

/** `length` zeros: a new array, or `into` cleared. */
export function emptyArray(caller: string, length: number, into: Float32Array | undefined): Float32Array {
  if (into === undefined) return new Float32Array(length)
  if (!(into instanceof Float32Array) || into.length !== length) {
    const size = into instanceof Float32Array ? into.length : typeof into
    throw new AugmentError('AUGMENT_SHAPE', `${caller}: into must be a Float32Array of ${length} values, got ${size}.`)
  }
  return into.fill(0)
}
