// Matrix products with 8 columns whose sums begin where others ended: what several outputs have in common is computed once.
// The loop is not unrolled: see correlate.ts. It is not product4x8 either: with the choice of begins and targets, stride 1 was 5 to 15 % slower.
import { multiplyAdd } from './simd'

/** Bytes of a row of a tile. */
const ROW: usize = 32

/**
 * `rows` rows of `depthBytes` / 4 elements, a multiple of 4 of them, `pitch` bytes apart, times a panel of 8 columns. The sums begin with those at `above` plus those at `left`,
 * either of which may be 0: none; row after row of 8. They go to `target` likewise; or, where `rowTable` is not 0, to `offset` bytes behind the addresses there, one a row.
 */
export function nestedProduct(
  a: usize,
  pitch: usize,
  depthBytes: usize,
  rows: i32,
  panel: usize,
  above: usize,
  left: usize,
  target: usize,
  rowTable: usize,
  offset: usize,
): void {
  for (; rows > 0; rows -= 4) {
    let p0 = a
    let p1 = p0 + pitch
    let p2 = p1 + pitch
    let p3 = p2 + pitch
    a = p3 + pitch
    let w = panel
    let a0 = f32x4.splat(0)
    let b0 = a0
    let a1 = a0
    let b1 = a0
    let a2 = a0
    let b2 = a0
    let a3 = a0
    let b3 = a0
    if (left != 0) {
      a0 = v128.load(left)
      b0 = v128.load(left, 16)
      a1 = v128.load(left, 32)
      b1 = v128.load(left, 48)
      a2 = v128.load(left, 64)
      b2 = v128.load(left, 80)
      a3 = v128.load(left, 96)
      b3 = v128.load(left, 112)
      left += 4 * ROW
    }
    if (above != 0) {
      a0 = f32x4.add(a0, v128.load(above))
      b0 = f32x4.add(b0, v128.load(above, 16))
      a1 = f32x4.add(a1, v128.load(above, 32))
      b1 = f32x4.add(b1, v128.load(above, 48))
      a2 = f32x4.add(a2, v128.load(above, 64))
      b2 = f32x4.add(b2, v128.load(above, 80))
      a3 = f32x4.add(a3, v128.load(above, 96))
      b3 = f32x4.add(b3, v128.load(above, 112))
      above += 4 * ROW
    }
    const end = p0 + depthBytes
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
    let t0 = target
    let t1 = target + ROW
    let t2 = target + 2 * ROW
    let t3 = target + 3 * ROW
    if (rowTable != 0) {
      t0 = <usize>load<u32>(rowTable) + offset
      t1 = <usize>load<u32>(rowTable, 4) + offset
      t2 = <usize>load<u32>(rowTable, 8) + offset
      t3 = <usize>load<u32>(rowTable, 12) + offset
      rowTable += 16
    }
    v128.store(t0, a0)
    v128.store(t0, b0, 16)
    v128.store(t1, a1)
    v128.store(t1, b1, 16)
    v128.store(t2, a2)
    v128.store(t2, b2, 16)
    v128.store(t3, a3)
    v128.store(t3, b3, 16)
    target += 4 * ROW
  }
}
