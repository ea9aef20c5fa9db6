// One pass over a parameter and its moments, in place.
import { address, firstUnit, real, word } from './simd'

/**
 * Adam. Words: value, m, v, gradient, elements. Reals: beta1, 1 - beta1, beta2, 1 - beta2, rate / correction1, 1 / sqrt(correction2), epsilon.
 */
export function adam(parameters: usize, part: i32, parts: i32): void {
  const value = address(parameters, 0)
  const m = address(parameters, 1)
  const v = address(parameters, 2)
  const gradient = address(parameters, 3)
  const elements = word(parameters, 4)
  const beta1 = real(parameters, 32)
  const gain1 = real(parameters, 33)
  const beta2 = real(parameters, 34)
  const gain2 = real(parameters, 35)
  const rate = real(parameters, 36)
  const root = real(parameters, 37)
  const epsilon = real(parameters, 38)
  const quads = elements >> 2
  const end = (<usize>firstUnit(quads, part + 1, parts)) << 4
  for (let i = (<usize>firstUnit(quads, part, parts)) << 4; i < end; i += 16) {
    const g = v128.load(gradient + i)
    const a = f32x4.add(f32x4.mul(v128.load(m + i), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(gain1)))
    const b = f32x4.add(f32x4.mul(v128.load(v + i), f32x4.splat(beta2)), f32x4.mul(f32x4.mul(g, g), f32x4.splat(gain2)))
    v128.store(m + i, a)
    v128.store(v + i, b)
    const floor = f32x4.add(f32x4.mul(f32x4.sqrt(b), f32x4.splat(root)), f32x4.splat(epsilon))
    v128.store(value + i, f32x4.sub(v128.load(value + i), f32x4.div(f32x4.mul(a, f32x4.splat(rate)), floor)))
  }
  if (part != parts - 1) return
  const stop = (<usize>elements) << 2
  for (let i = (<usize>quads) << 4; i < stop; i += 4) {
    const g = load<f32>(gradient + i)
    const a = load<f32>(m + i) * beta1 + g * gain1
    const b = load<f32>(v + i) * beta2 + g * g * gain2
    store<f32>(m + i, a)
    store<f32>(v + i, b)
    store<f32>(value + i, load<f32>(value + i) - (a * rate) / (sqrt<f32>(b) * root + epsilon))
  }
}

/** Gradient descent with momentum. Words: value, velocity, gradient, elements, nesterov. Reals: rate, momentum. */
export function sgd(parameters: usize, part: i32, parts: i32): void {
  const value = address(parameters, 0)
  const velocity = address(parameters, 1)
  const gradient = address(parameters, 2)
  const elements = word(parameters, 3)
  const nesterov = word(parameters, 4) != 0
  const rate = real(parameters, 32)
  const momentum = real(parameters, 33)
  const quads = elements >> 2
  const end = (<usize>firstUnit(quads, part + 1, parts)) << 4
  for (let i = (<usize>firstUnit(quads, part, parts)) << 4; i < end; i += 16) {
    const g = v128.load(gradient + i)
    const u = f32x4.add(f32x4.mul(v128.load(velocity + i), f32x4.splat(momentum)), g)
    v128.store(velocity + i, u)
    const direction = nesterov ? f32x4.add(g, f32x4.mul(u, f32x4.splat(momentum))) : u
    v128.store(value + i, f32x4.sub(v128.load(value + i), f32x4.mul(direction, f32x4.splat(rate))))
  }
  if (part != parts - 1) return
  const stop = (<usize>elements) << 2
  for (let i = (<usize>quads) << 4; i < stop; i += 4) {
    const g = load<f32>(gradient + i)
    const u = load<f32>(velocity + i) * momentum + g
    store<f32>(velocity + i, u)
    store<f32>(value + i, load<f32>(value + i) - (nesterov ? g + u * momentum : u) * rate)
  }
}
