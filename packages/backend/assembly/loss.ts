// Losses of logits with their gradients in one pass, in float64: a batch has a few thousand numbers at most, so one thread does it.
import { address, real, word } from './simd'

const BCE: i32 = 0
const BOUNDED_BCE: i32 = 1
const MSE: i32 = 2
const KL: i32 = 3
const KL_REFERENCE: i32 = 4

function sigmoid(z: f64): f64 {
  return 1 / (1 + Math.exp(-z))
}

/** t log t, 0 where t is 0. */
function timesLog(t: f64): f64 {
  return t == 0 ? 0 : t * Math.log(max<f64>(t, 1e-37))
}

/** One row of a loss of sigmoids; returns its sum. `scale` goes into the gradient. */
function sigmoidRow(rule: i32, z: usize, y: usize, gradient: usize, classes: i32, scale: f64): f64 {
  let sum: f64 = 0
  for (let i: usize = 0; i < (<usize>classes) << 2; i += 4) {
    const logit = <f64>load<f32>(z + i)
    const target = <f64>load<f32>(y + i)
    const p = sigmoid(logit)
    if (rule == MSE) {
      const difference = p - target
      sum += difference * difference
      store<f32>(gradient + i, <f32>(2 * difference * p * sigmoid(-logit) * scale))
    } else {
      // The bounded loss takes the probability for the logit.
      const x = rule == BCE ? logit : p
      const slope = rule == BCE ? <f64>1 : p * sigmoid(-logit)
      sum += max<f64>(x, 0) - x * target + Math.log1p(Math.exp(-abs<f64>(x)))
      store<f32>(gradient + i, <f32>(((rule == BCE ? p : sigmoid(p)) - target) * slope * scale))
    }
  }
  return sum
}

/** One row of a divergence of softmax from the targets; returns it. */
function softmaxRow(rule: i32, z: usize, y: usize, gradient: usize, classes: i32, scale: f64): f64 {
  const bytes = (<usize>classes) << 2
  let largest: f64 = -Infinity
  let labels: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) {
    largest = max<f64>(largest, <f64>load<f32>(z + i))
    labels += <f64>load<f32>(y + i)
  }
  let total: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) total += Math.exp(<f64>load<f32>(z + i) - largest)
  const logTotal = Math.log(total)
  // Without labels 0 / 0: the loss is NaN, which the training step refuses.
  const factor = rule == KL ? 1 / labels : <f64>1
  const mass = rule == KL ? labels * factor : labels
  let sum: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) {
    const logP = <f64>load<f32>(z + i) - largest - logTotal
    const t = <f64>load<f32>(y + i) * factor
    sum += timesLog(t) - t * logP
    store<f32>(gradient + i, <f32>((Math.exp(logP) * mass - t) * scale))
  }
  return sum
}

/**
 * Words: logits, targets, gradient, value, rule, rows, classes. Real: weight. Sums over rows in their order.
 */
export function loss(parameters: usize, part: i32, _parts: i32): void {
  if (part > 0) return
  const rule = word(parameters, 4)
  const rows = word(parameters, 5)
  const classes = word(parameters, 6)
  const scale = <f64>real(parameters, 32) / <f64>(rule == KL ? rows : rows * classes)
  const pitch = (<usize>classes) << 2
  let sum: f64 = 0
  for (let row = 0; row < rows; row++) {
    const at = <usize>row * pitch
    const z = address(parameters, 0) + at
    const y = address(parameters, 1) + at
    const gradient = address(parameters, 2) + at
    sum += rule >= KL ? softmaxRow(rule, z, y, gradient, classes, scale) : sigmoidRow(rule, z, y, gradient, classes, scale)
  }
  store<f32>(address(parameters, 3), <f32>(sum * scale))
}
