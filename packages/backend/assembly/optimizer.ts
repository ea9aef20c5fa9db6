// One pass over every parameter and its moments, in place, and the norm of the gradients. Parameters are listed in a table of five words each.
import { address, firstUnit, real, word } from './simd'

/** Bytes of an entry of the table: value, two moments (or one and a word that is not used), gradient, elements. */
const ENTRY: usize = 20

/** Elements of a gradient that are summed in one go; the host has the same number. */
const BLOCK: i32 = 8192

/**
 * Adam. Words: table of (value, m, v, gradient, elements), entries, vectors in all of them.
 * Reals: beta1, 1 - beta1, beta2, 1 - beta2, rate / correction1, 1 / sqrt(correction2), epsilon.
 */
export function adam(parameters: usize, part: i32, parts: i32): void {
  const beta1 = real(parameters, 32)
  const gain1 = real(parameters, 33)
  const beta2 = real(parameters, 34)
  const gain2 = real(parameters, 35)
  const rate = real(parameters, 36)
  const root = real(parameters, 37)
  const epsilon = real(parameters, 38)
  const vectors = word(parameters, 2)
  let first = firstUnit(vectors, part, parts)
  let last = firstUnit(vectors, part + 1, parts)
  const end = address(parameters, 0) + <usize>word(parameters, 1) * ENTRY
  for (let entry = address(parameters, 0); entry < end && last > 0; entry += ENTRY) {
    const elements = word(entry, 4)
    const all = (elements + 3) >> 2
    if (first < all) {
      const value = address(entry, 0)
      const m = address(entry, 1)
      const v = address(entry, 2)
      const gradient = address(entry, 3)
      const quads = elements >> 2
      const stop = (<usize>min(last, quads)) << 4
      for (let i = (<usize>first) << 4; i < stop; i += 16) {
        const g = v128.load(gradient + i)
        const a = f32x4.add(f32x4.mul(v128.load(m + i), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(gain1)))
        const b = f32x4.add(f32x4.mul(v128.load(v + i), f32x4.splat(beta2)), f32x4.mul(f32x4.mul(g, g), f32x4.splat(gain2)))
        v128.store(m + i, a)
        v128.store(v + i, b)
        const floor = f32x4.add(f32x4.mul(f32x4.sqrt(b), f32x4.splat(root)), f32x4.splat(epsilon))
        v128.store(value + i, f32x4.sub(v128.load(value + i), f32x4.div(f32x4.mul(a, f32x4.splat(rate)), floor)))
      }
      // The last vector of a parameter may be less than one: its elements one by one, the same operations.
      if (last >= all) {
        const bytes = (<usize>elements) << 2
        for (let i = (<usize>quads) << 4; i < bytes; i += 4) {
          const g = load<f32>(gradient + i)
          const a = load<f32>(m + i) * beta1 + g * gain1
          const b = load<f32>(v + i) * beta2 + g * g * gain2
          store<f32>(m + i, a)
          store<f32>(v + i, b)
          store<f32>(value + i, load<f32>(value + i) - (a * rate) / (sqrt<f32>(b) * root + epsilon))
        }
      }
    }
    first = max(first - all, 0)
    last -= all
  }
}

/**
 * Gradient descent with momentum. Words: table of (value, velocity, –, gradient, elements), entries, vectors in all of them, nesterov.
 * Reals: rate, momentum.
 */
export function sgd(parameters: usize, part: i32, parts: i32): void {
  const nesterov = word(parameters, 3) != 0
  const rate = real(parameters, 32)
  const momentum = real(parameters, 33)
  const vectors = word(parameters, 2)
  let first = firstUnit(vectors, part, parts)
  let last = firstUnit(vectors, part + 1, parts)
  const end = address(parameters, 0) + <usize>word(parameters, 1) * ENTRY
  for (let entry = address(parameters, 0); entry < end && last > 0; entry += ENTRY) {
    const elements = word(entry, 4)
    const all = (elements + 3) >> 2
    if (first < all) {
      const value = address(entry, 0)
      const velocity = address(entry, 1)
      const gradient = address(entry, 3)
      const quads = elements >> 2
      const stop = (<usize>min(last, quads)) << 4
      for (let i = (<usize>first) << 4; i < stop; i += 16) {
        const g = v128.load(gradient + i)
        const u = f32x4.add(f32x4.mul(v128.load(velocity + i), f32x4.splat(momentum)), g)
        v128.store(velocity + i, u)
        const direction = nesterov ? f32x4.add(g, f32x4.mul(u, f32x4.splat(momentum))) : u
        v128.store(value + i, f32x4.sub(v128.load(value + i), f32x4.mul(direction, f32x4.splat(rate))))
      }
      if (last >= all) {
        const bytes = (<usize>elements) << 2
        for (let i = (<usize>quads) << 4; i < bytes; i += 4) {
          const g = load<f32>(gradient + i)
          const u = load<f32>(velocity + i) * momentum + g
          store<f32>(velocity + i, u)
          store<f32>(value + i, load<f32>(value + i) - (nesterov ? g + u * momentum : u) * rate)
        }
      }
    }
    first = max(first - all, 0)
    last -= all
  }
}

/**
 * Sums of squares in float64, one for each block of a gradient: fixed blocks, so that the number of parts changes no bit.
 * Words: table of (–, –, –, gradient, elements), entries, blocks in all of them, target of float64.
 */
export function squareSums(parameters: usize, part: i32, parts: i32): void {
  const blocks = word(parameters, 2)
  let first = firstUnit(blocks, part, parts)
  let last = firstUnit(blocks, part + 1, parts)
  let target = address(parameters, 3)
  const end = address(parameters, 0) + <usize>word(parameters, 1) * ENTRY
  for (let entry = address(parameters, 0); entry < end && last > 0; entry += ENTRY) {
    const elements = word(entry, 4)
    const all = (elements + BLOCK - 1) / BLOCK
    for (let block = first; block < min(last, all); block++) {
      const from = block * BLOCK
      store<f64>(target + ((<usize>block) << 3), squareSum(address(entry, 3) + ((<usize>from) << 2), min(BLOCK, elements - from)))
    }
    target += (<usize>all) << 3
    first = max(first - all, 0)
    last -= all
  }
}

function squareSum(source: usize, elements: i32): f64 {
  // Four sums side by side: one waits for each addition.
  let a = f64x2.splat(0)
  let b = a
  let c = a
  let d = a
  const quads = (<usize>(elements >> 2)) << 4
  let i: usize = 0
  for (; i + 32 <= quads; i += 32) {
    const g = v128.load(source + i)
    const h = v128.load(source + i, 16)
    a = addSquares(a, g)
    b = addSquares(b, v128.shuffle<i64>(g, g, 1, 1))
    c = addSquares(c, h)
    d = addSquares(d, v128.shuffle<i64>(h, h, 1, 1))
  }
  if (i < quads) {
    const g = v128.load(source + i)
    a = addSquares(a, g)
    b = addSquares(b, v128.shuffle<i64>(g, g, 1, 1))
  }
  const all = f64x2.add(f64x2.add(a, b), f64x2.add(c, d))
  let sum = f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1)
  const bytes = (<usize>elements) << 2
  for (i = quads; i < bytes; i += 4) {
    const g = <f64>load<f32>(source + i)
    sum += g * g
  }
  return sum
}

/** Adds the squares of the two low lanes. */
function addSquares(sums: v128, lanes: v128): v128 {
  const wide = f64x2.promote_low_f32x4(lanes)
  return f64x2.add(sums, f64x2.mul(wide, wide))
}
