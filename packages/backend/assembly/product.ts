// Matrix products with 8 columns. Neither loop is unrolled: see correlate.ts.
import { multiplyAdd } from './simd'

/** Rows of `depthBytes` / 4 elements, a multiple of 4 of them, times a panel of 8 columns; rows of the target are `step` bytes apart. */
export function product4x8(a: usize, depthBytes: usize, rows: i32, panel: usize, target: usize, step: usize): void {
  for (; rows > 0; rows -= 4) {
    let p0 = a
    let p1 = p0 + depthBytes
    let p2 = p1 + depthBytes
    let p3 = p2 + depthBytes
    a = p3 + depthBytes
    let w = panel
    let a0 = f32x4.splat(0)
    let b0 = a0
    let a1 = a0
    let b1 = a0
    let a2 = a0
    let b2 = a0
    let a3 = a0
    let b3 = a0
    const end = p1
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
    v128.store(target, a0)
    v128.store(target, b0, 16)
    target += step
    v128.store(target, a1)
    v128.store(target, b1, 16)
    target += step
    v128.store(target, a2)
    v128.store(target, b2, 16)
    target += step
    v128.store(target, a3)
    v128.store(target, b3, 16)
    target += step
  }
}

/**
 * 4 inputs times 8 outputs, summed over `rows` rows: 16 bytes of inputs and 32 of outputs each, one row after the other. Added to the target, whose rows are
 * `step` bytes apart, or stored there where it `starts`.
 */
export function sum4x8(inputs: usize, outputs: usize, rows: i32, target: usize, step: usize, starts: bool): void {
  let a0 = f32x4.splat(0)
  let b0 = a0
  let a1 = a0
  let b1 = a0
  let a2 = a0
  let b2 = a0
  let a3 = a0
  let b3 = a0
  const end = inputs + ((<usize>rows) << 4)
  while (inputs < end) {
    const d0 = v128.load(outputs)
    const d1 = v128.load(outputs, 16)
    const s0 = v128.load32_splat(inputs)
    a0 = multiplyAdd(s0, d0, a0)
    b0 = multiplyAdd(s0, d1, b0)
    const s1 = v128.load32_splat(inputs, 4)
    a1 = multiplyAdd(s1, d0, a1)
    b1 = multiplyAdd(s1, d1, b1)
    const s2 = v128.load32_splat(inputs, 8)
    a2 = multiplyAdd(s2, d0, a2)
    b2 = multiplyAdd(s2, d1, b2)
    const s3 = v128.load32_splat(inputs, 12)
    a3 = multiplyAdd(s3, d0, a3)
    b3 = multiplyAdd(s3, d1, b3)
    inputs += 16
    outputs += 32
  }
  if (!starts) {
    a0 = f32x4.add(v128.load(target), a0)
    b0 = f32x4.add(v128.load(target, 16), b0)
    a1 = f32x4.add(v128.load(target + step), a1)
    b1 = f32x4.add(v128.load(target + step, 16), b1)
    a2 = f32x4.add(v128.load(target + 2 * step), a2)
    b2 = f32x4.add(v128.load(target + 2 * step, 16), b2)
    a3 = f32x4.add(v128.load(target + 3 * step), a3)
    b3 = f32x4.add(v128.load(target + 3 * step, 16), b3)
  }
  v128.store(target, a0)
  v128.store(target, b0, 16)
  v128.store(target + step, a1)
  v128.store(target + step, b1, 16)
  v128.store(target + 2 * step, a2)
  v128.store(target + 2 * step, b2, 16)
  v128.store(target + 3 * step, a3)
  v128.store(target + 3 * step, b3, 16)
}
