// The inner loops of every correlation: a tile of pixels times a block of outputs held in registers.
//
// Neither is unrolled: the engine schedules all loads of a block before its arithmetic, so two steps in one block spill the sums to the stack (34 instead of
// 54 GFLOP/s). 4 x 8 and 6 x 4 are the largest tiles whose operands fit the 15 vector registers of x64. Past the last pixel a tile repeats it.
import { gridWidth, run, sourcePitch, sourceRowSkip, sourceStep, tapRows, targetRowSkip, targetStep } from './geometry'
import { multiplyAdd } from './simd'

/** 4 pixels times 8 outputs at a time; `count` pixels from column `x` of the grid on. */
export function correlate4x8(count: i32, x: i32, source: usize, target: usize, weights: usize): void {
  const taps = tapRows
  const bytes = (<usize>run) << 2
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
    let b0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let b1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let b2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    let b3 = f32x4.splat(0)
    for (let row = 0; row < taps; row++) {
      const end = p0 + bytes
      while (p0 < end) {
        const w0 = v128.load(w)
        const w1 = v128.load(w, 16)
        const s0 = v128.load32_splat(p0)
        a0 = multiplyAdd(s0, w0, a0)
        b0 = multiplyAdd(s0, w1, b0)
        const s1 = v128.load32_splat(p1)
        a1 = multiplyAdd(s1, w0, a1)
        b1 = multiplyAdd(s1, w1, b1)
        const s2 = v128.load32_splat(p2)
        a2 = multiplyAdd(s2, w0, a2)
        b2 = multiplyAdd(s2, w1, b2)
        const s3 = v128.load32_splat(p3)
        a3 = multiplyAdd(s3, w0, a3)
        b3 = multiplyAdd(s3, w1, b3)
        p0 += 4
        p1 += 4
        p2 += 4
        p3 += 4
        w += 32
      }
      p0 += skip
      p1 += skip
      p2 += skip
      p3 += skip
    }
    v128.store(t0, a0)
    v128.store(t0, b0, 16)
    v128.store(t1, a1)
    v128.store(t1, b1, 16)
    v128.store(t2, a2)
    v128.store(t2, b2, 16)
    v128.store(t3, a3)
    v128.store(t3, b3, 16)
    done += 4
  }
}

/** 6 pixels times 4 outputs at a time; `count` pixels from column `x` of the grid on. */
export function correlate6x4(count: i32, x: i32, source: usize, target: usize, weights: usize): void {
  const taps = tapRows
  const bytes = (<usize>run) << 2
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
      while (p0 < end) {
        const w0 = v128.load(w)
        const s0 = v128.load32_splat(p0)
        a0 = multiplyAdd(s0, w0, a0)
        const s1 = v128.load32_splat(p1)
        a1 = multiplyAdd(s1, w0, a1)
        const s2 = v128.load32_splat(p2)
        a2 = multiplyAdd(s2, w0, a2)
        const s3 = v128.load32_splat(p3)
        a3 = multiplyAdd(s3, w0, a3)
        const s4 = v128.load32_splat(p4)
        a4 = multiplyAdd(s4, w0, a4)
        const s5 = v128.load32_splat(p5)
        a5 = multiplyAdd(s5, w0, a5)
        p0 += 4
        p1 += 4
        p2 += 4
        p3 += 4
        p4 += 4
        p5 += 4
        w += 16
      }
      p0 += skip
      p1 += skip
      p2 += skip
      p3 += skip
      p4 += skip
      p5 += skip
    }
    v128.store(t0, a0)
    v128.store(t1, a1)
    v128.store(t2, a2)
    v128.store(t3, a3)
    v128.store(t4, a4)
    v128.store(t5, a5)
    done += 6
  }
}
