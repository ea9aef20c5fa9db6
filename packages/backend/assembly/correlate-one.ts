// The inner loop of a correlation with a single output.
import { gridWidth, run, sourcePitch, sourceRowSkip, sourceStep, tapRows, targetRowSkip, targetStep } from './geometry'
import { multiplyAdd } from './simd'

/** The sum of the four lanes. */
function total(v: v128): f32 {
  const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)
  return low + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

/** 6 pixels times one output at a time, four taps in each vector; `count` pixels from column `x` of the grid on. */
export function correlate6x1(count: i32, x: i32, source: usize, target: usize, weights: usize): void {
  const taps = tapRows
  const bytes = (<usize>run) << 2
  const whole = (<usize>(run & ~3)) << 2
  const skip = sourcePitch - bytes
  let done = 0
  while (done < count) {
    let p0 = source
    const t0 = target
    if (done + 1 < count) {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let p1 = source
    const t1 = target
    if (done + 2 < count) {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let p2 = source
    const t2 = target
    if (done + 3 < count) {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let p3 = source
    const t3 = target
    if (done + 4 < count) {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let p4 = source
    const t4 = target
    if (done + 5 < count) {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let p5 = source
    const t5 = target
    {
      source += sourceStep
      target += targetStep
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += targetRowSkip
      }
    }
    let w = weights
    let a0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    let a4 = f32x4.splat(0)
    let a5 = f32x4.splat(0)
    for (let row = 0; row < taps; row++) {
      const end = p0 + bytes
      const stop = p0 + whole
      while (p0 < stop) {
        const v = v128.load(w)
        a0 = multiplyAdd(v128.load(p0), v, a0)
        a1 = multiplyAdd(v128.load(p1), v, a1)
        a2 = multiplyAdd(v128.load(p2), v, a2)
        a3 = multiplyAdd(v128.load(p3), v, a3)
        a4 = multiplyAdd(v128.load(p4), v, a4)
        a5 = multiplyAdd(v128.load(p5), v, a5)
        p0 += 16
        p1 += 16
        p2 += 16
        p3 += 16
        p4 += 16
        p5 += 16
        w += 16
      }
      while (p0 < end) {
        const v = v128.load32_zero(w)
        a0 = multiplyAdd(v128.load32_zero(p0), v, a0)
        a1 = multiplyAdd(v128.load32_zero(p1), v, a1)
        a2 = multiplyAdd(v128.load32_zero(p2), v, a2)
        a3 = multiplyAdd(v128.load32_zero(p3), v, a3)
        a4 = multiplyAdd(v128.load32_zero(p4), v, a4)
        a5 = multiplyAdd(v128.load32_zero(p5), v, a5)
        p0 += 4
        p1 += 4
        p2 += 4
        p3 += 4
        p4 += 4
        p5 += 4
        w += 4
      }
      p0 += skip
      p1 += skip
      p2 += skip
      p3 += skip
      p4 += skip
      p5 += skip
    }
    store<f32>(t0, total(a0))
    store<f32>(t1, total(a1))
    store<f32>(t2, total(a2))
    store<f32>(t3, total(a3))
    store<f32>(t4, total(a4))
    store<f32>(t5, total(a5))
    done += 6
  }
}
