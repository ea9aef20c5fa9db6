// ReLU and dropout of a hidden layer in one pass, and their gradient.
import { address, firstUnit, word } from './simd'

/** y = max(x, 0) · mask. Words: x, mask, y, elements. */
export function dropout(parameters: usize, part: i32, parts: i32): void {
  const x = address(parameters, 0)
  const mask = address(parameters, 1)
  const y = address(parameters, 2)
  const elements = word(parameters, 3)
  const vectors = elements >> 2
  const zeros = f32x4.splat(0)
  const end = (<usize>firstUnit(vectors, part + 1, parts)) << 4
  for (let i = (<usize>firstUnit(vectors, part, parts)) << 4; i < end; i += 16)
    v128.store(y + i, f32x4.mul(f32x4.max(v128.load(x + i), zeros), v128.load(mask + i)))
  if (part < parts - 1) return
  for (let i = (<usize>vectors) << 4; i < (<usize>elements) << 2; i += 4)
    store<f32>(y + i, max<f32>(load<f32>(x + i), 0) * load<f32>(mask + i))
}

/** dx = dy · mask where x was positive, so where y is, or the mask is 0 anyway; else 0. Words: dy, mask, y, dx, elements. */
export function dropoutGradient(parameters: usize, part: i32, parts: i32): void {
  const dy = address(parameters, 0)
  const mask = address(parameters, 1)
  const y = address(parameters, 2)
  const dx = address(parameters, 3)
  const elements = word(parameters, 4)
  const vectors = elements >> 2
  const zeros = f32x4.splat(0)
  const end = (<usize>firstUnit(vectors, part + 1, parts)) << 4
  for (let i = (<usize>firstUnit(vectors, part, parts)) << 4; i < end; i += 16) {
    const gradient = f32x4.mul(v128.load(dy + i), v128.load(mask + i))
    v128.store(dx + i, v128.and(gradient, f32x4.gt(v128.load(y + i), zeros)))
  }
  if (part < parts - 1) return
  for (let i = (<usize>vectors) << 4; i < (<usize>elements) << 2; i += 4)
    store<f32>(dx + i, load<f32>(y + i) > 0 ? load<f32>(dy + i) * load<f32>(mask + i) : 0)
}
