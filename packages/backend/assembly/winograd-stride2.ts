// 3 x 3 convolution with stride 2 by Winograd's F(2, 2). Of an output's three terms in each dimension, those of the outer taps are a correlation of every other pixel with
// 2 taps and stride 1: 3 products for 2 outputs instead of 4. With the middle tap's 2 that makes 5 instead of 6, in two dimensions 25 instead of 36.
// Outputs are sums of products, none subtracted; so those of an output are one product of several positions at once, which begins with the sums that outputs share.
// Float32 error is about that of the direct sum.
import { nestedProduct } from './nested-product'
import { packPanel } from './pack'
import { fillPixelTable, isWhole } from './pixel-table'
import { address, firstUnit, word } from './simd'
import { FIVE, SPREAD, transformWindows } from './windows'

/** Matrices of transformed weights in a panel of 8 outputs. */
export const MATRICES: usize = 19

/**
 * Packs weights and transforms them. Words: those of packWeights, outputs a multiple of 8, the second one scratch memory for a panel; target [panels, 19, inputs, 8];
 * scratch bytes a thread. Those 19 are the taps of rows 0 and 1, column by column; the taps of rows 1 and 2 likewise; the sums of the outer taps of each row; those of each column; and their sum:
 * in this order, matrices that make up one output follow one another.
 */
export function winogradStride2Weights(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const panels = word(parameters, 5) >> 3
  const tap = address(parameters, 4) << 5
  const from = address(parameters, 1) + address(parameters, 17) * <usize>thread
  const end = firstUnit(panels, part + 1, parts)
  for (let panel = firstUnit(panels, part, parts); panel < end; panel++) {
    packPanel(parameters, panel, from)
    const to = address(parameters, 16) + <usize>panel * MATRICES * tap
    // Matrix by matrix: they may lie a power of two apart, and more than a few at a time would throw one another out of the cache.
    for (let column: usize = 0; column < 3; column++) {
      let source = from + column * tap
      let target = to + 2 * column * tap
      for (let outer = to + (15 + column) * tap, last = outer + tap; outer < last; outer += 16) {
        const a = v128.load(source)
        const b = v128.load(source + 3 * tap)
        const c = v128.load(source + 6 * tap)
        v128.store(target, a)
        v128.store(target + tap, b)
        v128.store(target + 6 * tap, b)
        v128.store(target + 7 * tap, c)
        v128.store(outer, f32x4.add(a, c))
        source += 16
        target += 16
      }
    }
    for (let row: usize = 0; row < 3; row++) addOuter(from + 3 * row * tap, tap, to + (12 + row) * tap)
    addOuter(to + 15 * tap, tap, to + 18 * tap)
  }
}

/** Adds the first and the last of three matrices of `bytes` bytes each. */
function addOuter(source: usize, bytes: usize, target: usize): void {
  for (const end = target + bytes; target < end; target += 16) {
    v128.store(target, f32x4.add(v128.load(source), v128.load(source + 2 * bytes)))
    source += 16
  }
}

/**
 * One part of the convolution; parts share out groups of the outputs times windows of 2 x 2 of them. Words: source, batch, height, width, channels (a multiple of 4), pad top,
 * pad left, transformed weights, grid height, grid width, target, outputs (a multiple of 8), scratch, scratch bytes a thread, windows a block, groups.
 */
export function winogradStride2(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const channels = word(parameters, 4)
  const gridRows = word(parameters, 8)
  const gridColumns = word(parameters, 9)
  const outputs = word(parameters, 11)
  const block = word(parameters, 14)
  const groups = word(parameters, 15)
  const windowRows = (gridRows + 1) >> 1
  const windowColumns = (gridColumns + 1) >> 1
  const windows = word(parameters, 1) * windowRows * windowColumns
  const position = (<usize>channels) << 2
  const outputPixel = (<usize>outputs) << 2
  const tap = (<usize>channels) << 5
  const step = 25 * position + SPREAD
  const transformed = address(parameters, 12) + address(parameters, 13) * <usize>thread
  // Sums that outputs share: of a row of them, then of each column.
  const left = transformed + <usize>block * step
  const kept = (<usize>block) << 5
  const table = left + 3 * kept
  const spill = table + ((<usize>block) << 4)
  const line = spill + outputPixel

  const end = firstUnit(groups * windows, part + 1, parts)
  let unit = firstUnit(groups * windows, part, parts)
  while (unit < end) {
    const group = unit / windows
    const first = unit - group * windows
    const count = min(block, min(windows - first, end - unit))
    const rounded = (count + 3) & ~3
    const whole = isWhole(gridRows, gridColumns, 2, count)
    transformWindows(
      FIVE,
      address(parameters, 0),
      word(parameters, 2),
      word(parameters, 3),
      channels,
      0,
      position,
      word(parameters, 5),
      word(parameters, 6),
      windowRows,
      windowColumns,
      first,
      count,
      transformed,
      position,
      step,
      16,
      line,
    )
    fillPixelTable(address(parameters, 10), gridRows, gridColumns, outputPixel, 2, first, count, whole, table, spill)
    const firstPanel = <usize>firstUnit(outputs >> 3, group, groups)
    const lastPanel = <usize>firstUnit(outputs >> 3, group + 1, groups)
    for (let index = firstPanel; index < lastPanel; index++) {
      const panel = address(parameters, 7) + index * MATRICES * tap
      const offset = index << 5
      // Row or column 0 of the products is what both outputs share, 1 and 2 what each has alone: two positions and taps.
      for (let row = 0; row < 3; row++) {
        for (let column = 0; column < 3; column++) {
          const start = row == 0 ? 10 + (column == 0 ? 2 : 3 * (column - 1)) : 15 * (row - 1) + (column == 0 ? 4 : 6 * (column - 1))
          const matrix = row == 0 ? (column == 0 ? 18 : 14 + column) : column == 0 ? 11 + row : 6 * (row - 1) + 2 * (column - 1)
          const depth = (row == 0 ? 1 : 2) * (column == 0 ? 1 : 2)
          nestedProduct(
            transformed + <usize>start * position,
            step,
            <usize>depth * position,
            rounded,
            panel + <usize>matrix * tap,
            row > 0 && column > 0 ? left + <usize>column * kept : 0,
            column > 0 ? left : 0,
            row == 0 ? left + <usize>column * kept : left,
            row > 0 && column > 0 ? table + (whole ? 0 : (<usize>((2 * row + column - 3) * rounded)) << 2) : 0,
            offset + (whole ? <usize>((row - 1) * gridColumns + column - 1) * outputPixel : 0),
          )
        }
      }
    }
    unit += count
  }
}
