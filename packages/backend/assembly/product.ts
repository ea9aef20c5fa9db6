// A matrix product with 8 columns, rows and depth in memory one after the other.
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
