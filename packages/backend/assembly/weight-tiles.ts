// The inner loops of the weight gradient: a tile of taps times a block of outputs, summed over the pixels of a block of images.
import { multiplyAdd } from './simd'

/** Images in the running block. */
let blockImages: i32 = 0
/** Rows of each of them. */
let blockRows: i32 = 0
/** Bytes from an output pixel's window to the next one's. */
let inputStep: usize = 0
let inputRowSkip: usize = 0
let inputImage: usize = 0
/** Bytes from a pixel's output gradient to the next one's; of one row of them; from its end to the next row; of an image. */
let gradientStep: usize = 0
let gradientRow: usize = 0
let gradientRowSkip: usize = 0
let gradientImage: usize = 0
/** Bytes between the weights of two taps. */
let weightRow: usize = 0
/** Whether this block starts the sums. */
let starts: bool = false

/** Sets how windows lie in the input: bytes from pixel to pixel, row to row and image to image; and bytes from tap to tap of the weights. */
export function setInput(
  images: i32,
  rows: i32,
  columns: i32,
  step: usize,
  pitch: usize,
  image: usize,
  weightBytes: usize,
  first: bool,
): void {
  blockImages = images
  blockRows = rows
  inputStep = step
  inputRowSkip = pitch - step * columns
  inputImage = image
  weightRow = weightBytes
  starts = first
}

/** Sets how output gradients lie: bytes from pixel to pixel, row to row and image to image. */
export function setGradient(step: usize, pitch: usize, image: usize, columns: i32): void {
  gradientStep = step
  gradientRow = step * columns
  gradientRowSkip = pitch - gradientRow
  gradientImage = image
}

function addEight(to: usize, low: v128, high: v128): void {
  v128.store(to, starts ? low : f32x4.add(v128.load(to), low))
  v128.store(to, starts ? high : f32x4.add(v128.load(to, 16), high), 16)
}

function addLanes(to: usize, sums: v128, lanes: i32): void {
  if (lanes == 4) {
    v128.store(to, starts ? sums : f32x4.add(v128.load(to), sums))
    return
  }
  addLane(to, f32x4.extract_lane(sums, 0))
  if (lanes > 1) addLane(to + 4, f32x4.extract_lane(sums, 1))
  if (lanes > 2) addLane(to + 8, f32x4.extract_lane(sums, 2))
}

function addLane(to: usize, sum: f32): void {
  store<f32>(to, starts ? sum : load<f32>(to) + sum)
}

/** Sums that lie tap by tap in each vector, output by output; taps outside of `first` … `last` are left alone. */
function addTransposed(to: usize, a: v128, b: v128, c: v128, d: v128, first: i32, last: i32, lanes: i32): void {
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7)
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7)
  if (first <= 0 && 0 < last) addLanes(to, i64x2.shuffle(ab, cd, 0, 2), lanes)
  if (first <= 1 && 1 < last) addLanes(to + weightRow, i64x2.shuffle(ab, cd, 1, 3), lanes)
  if (first <= 2 && 2 < last) addLanes(to + 2 * weightRow, i64x2.shuffle(abHigh, cdHigh, 0, 2), lanes)
  if (first <= 3 && 3 < last) addLanes(to + 3 * weightRow, i64x2.shuffle(abHigh, cdHigh, 1, 3), lanes)
}

/** Four taps times eight outputs; only taps `first` … `last` are stored. */
export function taps4x8(x: usize, dy: usize, weights: usize, first: i32, last: i32): void {
  let a0 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let b2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  let b3 = f32x4.splat(0)
  let image = 0
  while (image < blockImages) {
    let p = x
    let q = dy
    for (let row = 0; row < blockRows; row++) {
      const end = q + gradientRow
      while (q < end) {
        const d0 = v128.load(q)
        const d1 = v128.load(q, 16)
        const s0 = v128.load32_splat(p)
        a0 = multiplyAdd(s0, d0, a0)
        b0 = multiplyAdd(s0, d1, b0)
        const s1 = v128.load32_splat(p, 4)
        a1 = multiplyAdd(s1, d0, a1)
        b1 = multiplyAdd(s1, d1, b1)
        const s2 = v128.load32_splat(p, 8)
        a2 = multiplyAdd(s2, d0, a2)
        b2 = multiplyAdd(s2, d1, b2)
        const s3 = v128.load32_splat(p, 12)
        a3 = multiplyAdd(s3, d0, a3)
        b3 = multiplyAdd(s3, d1, b3)
        p += inputStep
        q += gradientStep
      }
      p += inputRowSkip
      q += gradientRowSkip
    }
    x += inputImage
    dy += gradientImage
    image++
  }
  if (first <= 0 && 0 < last) addEight(weights + 0 * weightRow, a0, b0)
  if (first <= 1 && 1 < last) addEight(weights + 1 * weightRow, a1, b1)
  if (first <= 2 && 2 < last) addEight(weights + 2 * weightRow, a2, b2)
  if (first <= 3 && 3 < last) addEight(weights + 3 * weightRow, a3, b3)
}

/** Eight taps times four outputs, of which `lanes` are stored. */
export function taps8x4(x: usize, dy: usize, weights: usize, first: i32, last: i32, lanes: i32): void {
  let a0 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let b2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  let b3 = f32x4.splat(0)
  let image = 0
  while (image < blockImages) {
    let p = x
    let q = dy
    for (let row = 0; row < blockRows; row++) {
      const end = q + gradientRow
      while (q < end) {
        const d0 = v128.load(p)
        const d1 = v128.load(p, 16)
        const s0 = v128.load32_splat(q)
        a0 = multiplyAdd(s0, d0, a0)
        b0 = multiplyAdd(s0, d1, b0)
        const s1 = v128.load32_splat(q, 4)
        a1 = multiplyAdd(s1, d0, a1)
        b1 = multiplyAdd(s1, d1, b1)
        const s2 = v128.load32_splat(q, 8)
        a2 = multiplyAdd(s2, d0, a2)
        b2 = multiplyAdd(s2, d1, b2)
        const s3 = v128.load32_splat(q, 12)
        a3 = multiplyAdd(s3, d0, a3)
        b3 = multiplyAdd(s3, d1, b3)
        p += inputStep
        q += gradientStep
      }
      p += inputRowSkip
      q += gradientRowSkip
    }
    x += inputImage
    dy += gradientImage
    image++
  }
  addTransposed(weights + 0 * weightRow, a0, a1, a2, a3, first - 0, last - 0, lanes)
  addTransposed(weights + 4 * weightRow, b0, b1, b2, b3, first - 4, last - 4, lanes)
}

/** Four taps times four outputs, of which `lanes` are stored. */
export function taps4x4(x: usize, dy: usize, weights: usize, first: i32, last: i32, lanes: i32): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  let image = 0
  while (image < blockImages) {
    let p = x
    let q = dy
    for (let row = 0; row < blockRows; row++) {
      const end = q + gradientRow
      while (q < end) {
        const d0 = v128.load(q)
        const s0 = v128.load32_splat(p)
        a0 = multiplyAdd(s0, d0, a0)
        const s1 = v128.load32_splat(p, 4)
        a1 = multiplyAdd(s1, d0, a1)
        const s2 = v128.load32_splat(p, 8)
        a2 = multiplyAdd(s2, d0, a2)
        const s3 = v128.load32_splat(p, 12)
        a3 = multiplyAdd(s3, d0, a3)
        p += inputStep
        q += gradientStep
      }
      p += inputRowSkip
      q += gradientRowSkip
    }
    x += inputImage
    dy += gradientImage
    image++
  }
  if (first <= 0 && 0 < last) addLanes(weights + 0 * weightRow, a0, lanes)
  if (first <= 1 && 1 < last) addLanes(weights + 1 * weightRow, a1, lanes)
  if (first <= 2 && 2 < last) addLanes(weights + 2 * weightRow, a2, lanes)
  if (first <= 3 && 3 < last) addLanes(weights + 3 * weightRow, a3, lanes)
}
