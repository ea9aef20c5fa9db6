// Sums of equal shapes, and zeros.
import { address, firstUnit, word, zero } from './simd'

/**
 * target = the sum of `terms` vectors that lie `bytes` apart, in their order. Words: first term, bytes (modulo 2^32), terms, elements, target;
 * the first may be the target.
 */
export function addTerms(parameters: usize, part: i32, parts: i32): void {
  const first = address(parameters, 0)
  const step = address(parameters, 1)
  const terms = word(parameters, 2)
  const elements = word(parameters, 3)
  const target = address(parameters, 4)
  const vectors = elements >> 2
  const end = (<usize>firstUnit(vectors, part + 1, parts)) << 4
  for (let i = (<usize>firstUnit(vectors, part, parts)) << 4; i < end; i += 16) {
    let from = first + i
    let sum = v128.load(from)
    for (let term = 1; term < terms; term++) {
      from += step
      sum = f32x4.add(sum, v128.load(from))
    }
    v128.store(target + i, sum)
  }
  if (part < parts - 1) return
  for (let i = (<usize>vectors) << 4; i < (<usize>elements) << 2; i += 4) {
    let from = first + i
    let sum = load<f32>(from)
    for (let term = 1; term < terms; term++) {
      from += step
      sum += load<f32>(from)
    }
    store<f32>(target + i, sum)
  }
}

/** Sets floats to zero. Words: target, elements. */
export function clear(parameters: usize, part: i32, parts: i32): void {
  const first = firstUnit(word(parameters, 1), part, parts)
  zero(address(parameters, 0) + ((<usize>first) << 2), (<usize>(firstUnit(word(parameters, 1), part + 1, parts) - first)) << 2)
}
