// Convolution with 3 x 3 weights and stride 1 by Winograd's F(2 x 2, 3 x 3) (Lavin & Gray 2016): 16 products instead of 36 for 4 outputs.
// Windows of 4 x 4 pixels are transformed, each of the 16 positions is a matrix product of windows x inputs with inputs x outputs, and
// the products are transformed back to 2 x 2 outputs. Float32 error is about twice that of the direct sum.
import { packPanel } from './pack'
import { product4x8 } from './product'
import { address, firstUnit, word } from './simd'
import { FOUR, SPREAD, transformWindows } from './windows'

/**
 * Packs weights and transforms them, G g G^T. Words: those of packWeights, outputs a multiple of 8, the second one scratch memory for a panel; target [panels, 16, inputs, 8],
 * positions SPREAD bytes further apart; scratch bytes a thread.
 */
export function winogradWeights(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const panels = word(parameters, 5) >> 3
  const tap = address(parameters, 4) << 5
  const position = tap + SPREAD
  const from = address(parameters, 1) + address(parameters, 17) * <usize>thread
  const end = firstUnit(panels, part + 1, parts)
  for (let panel = firstUnit(panels, part, parts); panel < end; panel++) {
    packPanel(parameters, panel, from)
    const to = address(parameters, 16) + <usize>panel * 16 * position
    const half = f32x4.splat(0.5)
    for (let offset: usize = 0; offset < tap; offset += 16) {
      // Columns of taps first, then rows: a row of three becomes a row of four.
      let p = from + offset
      const a = v128.load(p)
      const b = v128.load(p + tap)
      const c = v128.load(p + 2 * tap)
      p += 3 * tap
      const d = v128.load(p)
      const e = v128.load(p + tap)
      const f = v128.load(p + 2 * tap)
      p += 3 * tap
      const g = v128.load(p)
      const h = v128.load(p + tap)
      const i = v128.load(p + 2 * tap)
      let target = to + offset
      storeRow(target, position, a, b, c)
      target += 4 * position
      const ag = f32x4.add(a, g)
      const bh = f32x4.add(b, h)
      const ci = f32x4.add(c, i)
      storeRow(target, position, f32x4.mul(f32x4.add(ag, d), half), f32x4.mul(f32x4.add(bh, e), half), f32x4.mul(f32x4.add(ci, f), half))
      target += 4 * position
      storeRow(target, position, f32x4.mul(f32x4.sub(ag, d), half), f32x4.mul(f32x4.sub(bh, e), half), f32x4.mul(f32x4.sub(ci, f), half))
      target += 4 * position
      storeRow(target, position, g, h, i)
    }
  }
}

/** G times a row of three. */
function storeRow(target: usize, position: usize, a: v128, b: v128, c: v128): void {
  const half = f32x4.splat(0.5)
  const sum = f32x4.mul(f32x4.add(a, c), half)
  const middle = f32x4.mul(b, half)
  v128.store(target, a)
  v128.store(target + position, f32x4.add(sum, middle))
  v128.store(target + 2 * position, f32x4.sub(sum, middle))
  v128.store(target + 3 * position, c)
}

/** Transforms `bytes` bytes of products back, A^T m A, and stores 2 x 2 outputs; bit 0 of `inside` says that there is a second column, bit 1 a second row. */
function storeOutputs(product: usize, bytes: usize, position: usize, pixel: usize, target: usize, pitch: usize, inside: i32): void {
  const end = product + bytes
  for (; product < end; product += 16) {
    let p = product
    let a = v128.load(p)
    let b = v128.load(p + position)
    let c = v128.load(p + 2 * position)
    let d = v128.load(p + 3 * position)
    const sum0 = f32x4.add(f32x4.add(a, b), c)
    const difference0 = f32x4.sub(f32x4.sub(b, c), d)
    p += 4 * position
    a = v128.load(p)
    b = v128.load(p + position)
    c = v128.load(p + 2 * position)
    d = v128.load(p + 3 * position)
    const sum1 = f32x4.add(f32x4.add(a, b), c)
    const difference1 = f32x4.sub(f32x4.sub(b, c), d)
    p += 4 * position
    a = v128.load(p)
    b = v128.load(p + position)
    c = v128.load(p + 2 * position)
    d = v128.load(p + 3 * position)
    const sum2 = f32x4.add(f32x4.add(a, b), c)
    const difference2 = f32x4.sub(f32x4.sub(b, c), d)
    v128.store(target, f32x4.add(f32x4.add(sum0, sum1), sum2))
    if (inside & 1) v128.store(target + pixel, f32x4.add(f32x4.add(difference0, difference1), difference2))
    if (inside & 2) {
      p += 4 * position
      a = v128.load(p)
      b = v128.load(p + position)
      c = v128.load(p + 2 * position)
      d = v128.load(p + 3 * position)
      const sum3 = f32x4.add(f32x4.add(a, b), c)
      const difference3 = f32x4.sub(f32x4.sub(b, c), d)
      v128.store(target + pitch, f32x4.sub(f32x4.sub(sum1, sum2), sum3))
      if (inside & 1) v128.store(target + pitch + pixel, f32x4.sub(f32x4.sub(difference1, difference2), difference3))
    }
    target += 16
  }
}

/**
 * One part of the convolution; parts share out groups of the outputs times the windows. Words: source, batch, height, width, channels (a multiple of 4), pad top, pad left,
 * transformed weights, grid height, grid width, target, outputs (a multiple of 8), scratch, scratch bytes a thread, windows a block, groups.
 */
export function winograd(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const channels = word(parameters, 4)
  const weights = address(parameters, 7)
  const gridRows = word(parameters, 8)
  const gridColumns = word(parameters, 9)
  const outputs = word(parameters, 11)
  const scratch = address(parameters, 12) + address(parameters, 13) * <usize>thread
  const block = word(parameters, 14)
  const groups = word(parameters, 15)
  const windowRows = (gridRows + 1) >> 1
  const windowColumns = (gridColumns + 1) >> 1
  const windows = word(parameters, 1) * windowRows * windowColumns
  const inputPixel = (<usize>channels) << 2
  const outputPixel = (<usize>outputs) << 2
  const transformed = scratch
  const products = transformed + ((<usize>block * inputPixel + SPREAD) << 4)
  const line = products + ((<usize>block * outputPixel + SPREAD) << 4)
  const panel = (<usize>channels) << 5
  const weightPosition = panel + SPREAD
  const pitch = <usize>gridColumns * outputPixel

  const end = firstUnit(groups * windows, part + 1, parts)
  let unit = firstUnit(groups * windows, part, parts)
  while (unit < end) {
    const group = unit / windows
    const first = unit - group * windows
    const count = min(block, min(windows - first, end - unit))
    const rounded = (count + 3) & ~3
    const inputPosition = <usize>rounded * inputPixel + SPREAD
    const outputPosition = <usize>rounded * outputPixel + SPREAD
    transformWindows(
      FOUR,
      address(parameters, 0),
      word(parameters, 2),
      word(parameters, 3),
      channels,
      0,
      inputPixel,
      word(parameters, 5),
      word(parameters, 6),
      windowRows,
      windowColumns,
      first,
      count,
      transformed,
      inputPosition,
      inputPixel,
      16,
      line,
    )
    const firstPanel = <usize>firstUnit(outputs >> 3, group, groups)
    const panels = <usize>firstUnit(outputs >> 3, group + 1, groups) - firstPanel
    const outputBytes = panels << 5
    for (let position = 0; position < 16; position++) {
      let w = weights + (firstPanel * 16 + <usize>position) * weightPosition
      const a = transformed + <usize>position * inputPosition
      let to = products + <usize>position * outputPosition
      for (const last = to + outputBytes; to < last; to += 32) {
        product4x8(a, inputPixel, rounded, w, to, outputPixel)
        w += 16 * weightPosition
      }
    }
    const target = address(parameters, 10) + (firstPanel << 5)
    let image = first / (windowRows * windowColumns)
    let row = first / windowColumns - image * windowRows
    let column = first - (image * windowRows + row) * windowColumns
    let from = products
    for (let i = 0; i < count; i++) {
      const to = target + (<usize>(image * gridRows + 2 * row) * gridColumns + 2 * column) * outputPixel
      const inside = (2 * column + 1 < gridColumns ? 1 : 0) | (2 * row + 1 < gridRows ? 2 : 0)
      storeOutputs(from, outputBytes, outputPosition, outputPixel, to, pitch, inside)
      from += outputPixel
      if (++column == windowColumns) {
        column = 0
        if (++row == windowRows) {
          row = 0
          image++
        }
      }
    }
    unit += count
  }
}
