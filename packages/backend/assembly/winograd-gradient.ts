// The weight gradient of a 3 x 3 convolution, with stride 1 the transpose of Winograd's F(2 x 2, 3 x 3): windows and output gradients are transformed,
// each of the 16 positions is a matrix product inputs x windows x outputs, and their sums are transformed back to 3 x 3 weights. With stride 2 the transpose of what
// winograd-stride2.ts does: 25 positions of the windows times 9 of the output gradients, in 16 sums.
// A block's windows lie in planes of 4 inputs and its output gradients in panels of 8 outputs, so that the products read dense streams.
import { sum4x8 } from './product'
import { address, firstUnit, word } from './simd'
import { FIVE, FOUR, SPREAD, transformWindows } from './windows'

/**
 * Units of work are segments of the windows times groups of the inputs; parts share them out. A segment's sums are its own, so that the order of summation
 * depends on nothing but the shape. Words: x, height, width, channels, pad top, pad left, output gradient, grid height, grid width, outputs, windows,
 * segments, groups, windows a block, sums [segments][16, channels, outputs] (positions SPREAD bytes further apart), bytes of sums a segment, scratch,
 * scratch bytes a thread, target [3, 3, channels, outputs], stride (1 or 2). One segment is transformed back at once, several by `winogradGradientFinish`.
 */
export function winogradGradient(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const channels = word(parameters, 3)
  const windows = word(parameters, 10)
  const segments = word(parameters, 11)
  const groups = word(parameters, 12)
  const block = word(parameters, 13)
  const planes = channels >> 2
  const end = firstUnit(segments * groups, part + 1, parts)
  for (let unit = firstUnit(segments * groups, part, parts); unit < end; unit++) {
    const segment = unit / groups
    const group = unit - segment * groups
    const firstPlane = firstUnit(planes, group, groups)
    const lastPlane = firstUnit(planes, group + 1, groups)
    const sums = address(parameters, 14) + address(parameters, 15) * <usize>segment
    const begin = firstUnit(windows, segment, segments)
    const last = firstUnit(windows, segment + 1, segments)
    for (let first = begin; first < last; first += block) {
      addBlock(parameters, thread, first, min(block, last - first), firstPlane, lastPlane, sums, first == begin)
    }
    if (segments == 1) {
      finish(sums, channels, word(parameters, 9), firstPlane << 2, lastPlane << 2, address(parameters, 18), word(parameters, 19))
    }
  }
}

/** Transforms `count` windows from `first` on and adds their products to the sums, for planes `firstPlane` … `lastPlane` of four inputs. */
function addBlock(
  parameters: usize,
  thread: i32,
  first: i32,
  count: i32,
  firstPlane: i32,
  lastPlane: i32,
  sums: usize,
  starts: bool,
): void {
  const channels = word(parameters, 3)
  const gridRows = word(parameters, 7)
  const gridColumns = word(parameters, 8)
  const outputs = word(parameters, 9)
  const strided = word(parameters, 19) == 2
  const windowRows = (gridRows + 1) >> 1
  const windowColumns = (gridColumns + 1) >> 1
  const planes = lastPlane - firstPlane
  const panels = outputs >> 3
  const plane = (<usize>count) << 4
  const panel = (<usize>count) << 5
  const inputPosition = <usize>planes * plane + SPREAD
  const gradientPosition = <usize>panels * panel + SPREAD
  const input = address(parameters, 16) + address(parameters, 17) * <usize>thread
  const gradient = input + inputPosition * (strided ? 25 : 16)
  transformWindows(
    strided ? FIVE : FOUR,
    address(parameters, 0),
    word(parameters, 1),
    word(parameters, 2),
    channels,
    (<usize>firstPlane) << 4,
    (<usize>lastPlane) << 4,
    word(parameters, 4),
    word(parameters, 5),
    windowRows,
    windowColumns,
    first,
    count,
    input,
    inputPosition,
    16,
    plane,
    gradient + gradientPosition * (strided ? 9 : 16),
  )
  const pixel = (<usize>outputs) << 2
  const all = windowRows * windowColumns
  let image = first / all
  let row = (first - image * all) / windowColumns
  let column = first - image * all - row * windowColumns
  let to = gradient
  for (let i = 0; i < count; i++) {
    const from = address(parameters, 6) + <usize>((image * gridRows + 2 * row) * gridColumns + 2 * column) * pixel
    const inside = (2 * column + 1 < gridColumns ? 1 : 0) | (2 * row + 1 < gridRows ? 2 : 0)
    transformGradient(from, pixel, <usize>gridColumns * pixel, inside, to, gradientPosition, panel, strided)
    to += 32
    if (++column == windowColumns) {
      column = 0
      if (++row == windowRows) {
        row = 0
        image++
      }
    }
  }
  const size = strided ? 5 : 4
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const position = strided ? positionOf(y, x) : 4 * y + x
      const sum = strided ? 4 * sumOf(y) + sumOf(x) : position
      const product = strided ? 3 * gradientOf(y) + gradientOf(x) : position
      let a = input + <usize>position * inputPosition
      let target = sums + <usize>(sum * channels + (firstPlane << 2)) * pixel + <usize>sum * SPREAD
      const begins = starts && !(strided && (y == 3 || x == 3))
      for (let i = 0; i < planes; i++) {
        let dy = gradient + <usize>product * gradientPosition
        for (let output: usize = 0; output < pixel; output += 32) {
          sum4x8(a, dy, count, target + output, pixel, begins)
          dy += panel
        }
        a += plane
        target += pixel << 2
      }
    }
  }
}

/** Where transformWindows puts row `y` and column `x` of a window of five: 0 - 2, 1, 2, 3, 4 - 2. */
function positionOf(y: i32, x: i32): i32 {
  return y == 2 ? 10 + x : y < 2 ? y + 2 * x : 12 + y + 2 * x
}

/** Which of (0, 0 + 1, 1) of the output gradients rows or columns of a window of five are multiplied with. */
function gradientOf(index: i32): i32 {
  return index == 3 ? 2 : index >> 1
}

/** To which of four sums rows or columns of a window of five add: those of the outer taps, 0 to 2, or that of the middle one, 3. */
function sumOf(index: i32): i32 {
  return index & 1 ? 3 : index >> 1
}

/**
 * A y A^T of 2 x 2 output gradients, or, with stride 2, (0, 0 + 1, 1) of rows and columns; bit 0 of `inside` says that there is a second column, bit 1 a second row.
 */
function transformGradient(
  source: usize,
  pixel: usize,
  pitch: usize,
  inside: i32,
  target: usize,
  position: usize,
  panel: usize,
  strided: bool,
): void {
  const end = source + pixel
  const zero = f32x4.splat(0)
  let half: usize = 0
  for (; source < end; source += 16) {
    const a = v128.load(source)
    const b = inside & 1 ? v128.load(source + pixel) : zero
    const c = inside & 2 ? v128.load(source + pitch) : zero
    const d = inside == 3 ? v128.load(source + pitch + pixel) : zero
    const to = target + half
    if (strided) {
      storeThree(to, position, a, b)
      storeThree(to + 3 * position, position, f32x4.add(a, c), f32x4.add(b, d))
      storeThree(to + 6 * position, position, c, d)
    } else {
      storeFour(to, position, a, b)
      storeFour(to + 4 * position, position, f32x4.add(a, c), f32x4.add(b, d))
      storeFour(to + 8 * position, position, f32x4.sub(a, c), f32x4.sub(b, d))
      storeFour(to + 12 * position, position, f32x4.neg(c), f32x4.neg(d))
    }
    half ^= 16
    if (half == 0) target += panel
  }
}

/** (a, a + b, a - b, -b) */
function storeFour(target: usize, position: usize, a: v128, b: v128): void {
  v128.store(target, a)
  v128.store(target + position, f32x4.add(a, b))
  v128.store(target + 2 * position, f32x4.sub(a, b))
  v128.store(target + 3 * position, f32x4.neg(b))
}

/** (a, a + b, b) */
function storeThree(target: usize, position: usize, a: v128, b: v128): void {
  v128.store(target, a)
  v128.store(target + position, f32x4.add(a, b))
  v128.store(target + 2 * position, b)
}

/**
 * Adds the sums of the segments and transforms them back; parts share out the inputs. Words: sums as above, bytes of sums a segment, segments, channels, outputs,
 * target [3, 3, channels, outputs], stride (1 or 2).
 */
export function winogradGradientFinish(parameters: usize, part: i32, parts: i32): void {
  const sums = address(parameters, 0)
  const segmentBytes = address(parameters, 1)
  const channels = word(parameters, 3)
  const outputs = word(parameters, 4)
  const first = firstUnit(channels, part, parts)
  const last = firstUnit(channels, part + 1, parts)
  const pixel = (<usize>outputs) << 2
  const all = segmentBytes * <usize>word(parameters, 2)
  for (let position = 0; position < 16; position++) {
    const from = sums + <usize>position * (<usize>channels * pixel + SPREAD)
    const end = from + <usize>last * pixel
    for (let to = from + <usize>first * pixel; to < end; to += 16) {
      let sum = v128.load(to)
      for (let offset = segmentBytes; offset < all; offset += segmentBytes) sum = f32x4.add(sum, v128.load(to + offset))
      v128.store(to, sum)
    }
  }
  finish(sums, channels, outputs, first, last, address(parameters, 5), word(parameters, 6))
}

/** G^T m G of the sums of inputs `first` … `last`. */
function finish(sums: usize, channels: i32, outputs: i32, first: i32, last: i32, target: usize, stride: i32): void {
  const pixel = (<usize>outputs) << 2
  const tap = <usize>channels * pixel
  const position = tap + SPREAD
  const strided = stride == 2
  const half = f32x4.splat(0.5)
  const end = <usize>last * pixel
  for (let offset = <usize>first * pixel; offset < end; offset += 16) {
    const from = sums + offset
    for (let row = 0; row < 3; row++) {
      const a = sumColumn(from, 4 * position, row, strided)
      const b = sumColumn(from + position, 4 * position, row, strided)
      const c = sumColumn(from + 2 * position, 4 * position, row, strided)
      const d = sumColumn(from + 3 * position, 4 * position, row, strided)
      const to = target + offset + <usize>(row * 3) * tap
      if (strided) {
        v128.store(to, f32x4.add(a, b))
        v128.store(to + tap, d)
        v128.store(to + 2 * tap, f32x4.add(b, c))
      } else {
        const sum = f32x4.mul(f32x4.add(b, c), half)
        v128.store(to, f32x4.add(a, sum))
        v128.store(to + tap, f32x4.mul(f32x4.sub(b, c), half))
        v128.store(to + 2 * tap, f32x4.add(sum, d))
      }
    }
  }
}

/** Row `row` of G^T times the column of four at `p`, `step` bytes apart. */
function sumColumn(p: usize, step: usize, row: i32, strided: bool): v128 {
  if (strided && row == 1) return v128.load(p + 3 * step)
  const b = v128.load(p + step)
  const c = v128.load(p + 2 * step)
  if (strided) return row == 0 ? f32x4.add(v128.load(p), b) : f32x4.add(b, c)
  const half = f32x4.splat(0.5)
  if (row == 1) return f32x4.mul(f32x4.sub(b, c), half)
  const sum = f32x4.mul(f32x4.add(b, c), half)
  return f32x4.add(sum, v128.load(row == 0 ? p : p + 3 * step))
}
