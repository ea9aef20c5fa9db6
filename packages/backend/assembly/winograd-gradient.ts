// The weight gradient of a 3 x 3 convolution with stride 1, the transpose of Winograd's F(2 x 2, 3 x 3): windows and output gradients are transformed,
// each of the 16 positions is a matrix product inputs x windows x outputs, and their sums are transformed back to 3 x 3 weights.
// A block's windows lie in planes of 4 inputs and its output gradients in panels of 8 outputs, so that the products read dense streams.
import { address, firstUnit, word } from './simd'
import { setGradient, setInput, taps4x8 } from './weight-tiles'
import { SPREAD, transformWindows } from './winograd'

/** Bytes of a plane or panel of `windows` windows, `bytes` of each. */
function planeBytes(windows: i32, bytes: usize): usize {
  return <usize>windows * bytes
}

/**
 * Transforms the windows of a block; parts share them out. Words: x, height, width, channels, pad top, pad left, output gradient, grid height, grid width,
 * outputs, first window, windows, transformed input, transformed gradient, lines, bytes of lines a part.
 */
export function winogradGradientTransform(parameters: usize, part: i32, parts: i32): void {
  const channels = word(parameters, 3)
  const gridRows = word(parameters, 7)
  const gridColumns = word(parameters, 8)
  const outputs = word(parameters, 9)
  const windows = word(parameters, 11)
  const windowRows = (gridRows + 1) >> 1
  const windowColumns = (gridColumns + 1) >> 1
  const begin = firstUnit(windows, part, parts)
  const count = firstUnit(windows, part + 1, parts) - begin
  const first = word(parameters, 10) + begin
  const plane = planeBytes(windows, 16)
  transformWindows(
    address(parameters, 0),
    word(parameters, 1),
    word(parameters, 2),
    channels,
    word(parameters, 4),
    word(parameters, 5),
    windowRows,
    windowColumns,
    first,
    count,
    address(parameters, 12) + ((<usize>begin) << 4),
    <usize>(channels >> 2) * plane + SPREAD,
    16,
    plane,
    address(parameters, 14) + address(parameters, 15) * <usize>part,
  )
  const panel = planeBytes(windows, 32)
  const position = <usize>(outputs >> 3) * panel + SPREAD
  const pixel = (<usize>outputs) << 2
  const all = windowRows * windowColumns
  let to = address(parameters, 13) + ((<usize>begin) << 5)
  for (let i = 0; i < count; i++) {
    const image = (first + i) / all
    const row = (first + i - image * all) / windowColumns
    const column = first + i - image * all - row * windowColumns
    const from = address(parameters, 6) + (<usize>(image * gridRows + 2 * row) * gridColumns + 2 * column) * pixel
    const inside = (2 * column + 1 < gridColumns ? 1 : 0) | (2 * row + 1 < gridRows ? 2 : 0)
    transformGradient(from, pixel, <usize>gridColumns * pixel, inside, to, position, panel)
    to += 32
  }
}

/** A y A^T of 2 x 2 output gradients; bit 0 of `inside` says that there is a second column, bit 1 a second row. */
function transformGradient(source: usize, pixel: usize, pitch: usize, inside: i32, target: usize, position: usize, panel: usize): void {
  const end = source + pixel
  const zero = f32x4.splat(0)
  let half: usize = 0
  for (; source < end; source += 16) {
    const a = v128.load(source)
    const b = inside & 1 ? v128.load(source + pixel) : zero
    const c = inside & 2 ? v128.load(source + pitch) : zero
    const d = inside == 3 ? v128.load(source + pitch + pixel) : zero
    storeFour(target + half, position, a, b)
    storeFour(target + half + 4 * position, position, f32x4.add(a, c), f32x4.add(b, d))
    storeFour(target + half + 8 * position, position, f32x4.sub(a, c), f32x4.sub(b, d))
    storeFour(target + half + 12 * position, position, f32x4.neg(c), f32x4.neg(d))
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

/**
 * Adds the products of a block; parts share out the weights. Words: transformed input, transformed gradient, windows, channels, outputs,
 * sums [16, channels, outputs], whether this block is the first.
 */
export function winogradGradientSum(parameters: usize, part: i32, parts: i32): void {
  const windows = word(parameters, 2)
  const channels = word(parameters, 3)
  const outputs = word(parameters, 4)
  const planes = channels >> 2
  const panels = outputs >> 3
  const plane = planeBytes(windows, 16)
  const panel = planeBytes(windows, 32)
  setInput(1, 1, windows, 16, plane, plane, (<usize>outputs) << 2, word(parameters, 6) != 0)
  setGradient(32, panel, panel, windows)
  const units = 16 * planes
  const end = firstUnit(units, part + 1, parts)
  for (let unit = firstUnit(units, part, parts); unit < end; unit++) {
    const position = unit / planes
    const x = address(parameters, 0) + <usize>unit * plane + <usize>position * SPREAD
    let dy = address(parameters, 1) + <usize>(position * panels) * panel + <usize>position * SPREAD
    let to = address(parameters, 5) + ((<usize>(unit * 4 * outputs)) << 2)
    for (let i = 0; i < panels; i++) {
      taps4x8(x, dy, to, 0, 4)
      dy += panel
      to += 32
    }
  }
}

/** Transforms the sums back, G^T m G; parts share out the channels. Words: sums, channels, outputs, target [3, 3, channels, outputs]. */
export function winogradGradientFinish(parameters: usize, part: i32, parts: i32): void {
  const channels = word(parameters, 1)
  const bytes = (<usize>word(parameters, 2)) << 2
  const position = <usize>channels * bytes
  const begin = <usize>firstUnit(channels, part, parts) * bytes
  const end = <usize>firstUnit(channels, part + 1, parts) * bytes
  const half = f32x4.splat(0.5)
  for (let offset = begin; offset < end; offset += 16) {
    const from = address(parameters, 0) + offset
    for (let row = 0; row < 3; row++) {
      const a = sumColumn(from, 4 * position, row)
      const b = sumColumn(from + position, 4 * position, row)
      const c = sumColumn(from + 2 * position, 4 * position, row)
      const d = sumColumn(from + 3 * position, 4 * position, row)
      const sum = f32x4.mul(f32x4.add(b, c), half)
      const to = address(parameters, 3) + offset + <usize>(row * 3) * position
      v128.store(to, f32x4.add(a, sum))
      v128.store(to + position, f32x4.mul(f32x4.sub(b, c), half))
      v128.store(to + 2 * position, f32x4.add(sum, d))
    }
  }
}

/** Row `row` of G^T times the column of four at `p`, `step` bytes apart. */
function sumColumn(p: usize, step: usize, row: i32): v128 {
  const b = v128.load(p + step)
  const c = v128.load(p + 2 * step)
  const half = f32x4.splat(0.5)
  if (row == 1) return f32x4.mul(f32x4.sub(b, c), half)
  const sum = f32x4.mul(f32x4.add(b, c), half)
  return f32x4.add(sum, v128.load(row == 0 ? p : p + 3 * step))
}
