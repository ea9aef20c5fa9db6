// The input gradient of a 3 x 3 convolution with stride 2 by Winograd's F(2, 2), with the transformed weights of winograd-stride2.ts. Every other pixel of a row or column gets
// its gradient from the two outer taps, 3 products for 2 of them instead of 4, and those in between from the middle one: 25 products for 4 x 4 pixels instead of 36.
import { nestedProduct } from './nested-product'
import { fillPixelTable, isWhole } from './pixel-table'
import { address, firstUnit, word } from './simd'
import { FIRST_COLUMN, FIRST_ROW, SPREAD, THREE, transformWindows } from './windows'
import { MATRICES } from './winograd-stride2'

/**
 * One part of the input gradient; parts share out groups of the channels times windows of 3 x 3 output gradients, which give 4 x 4 pixels. Words: output gradient, batch, its height,
 * width and channels (a multiple of 4), rows and columns of padding before it, transformed weights, height and width of the input, target, its channels (a multiple of 8),
 * scratch, scratch bytes a thread, windows a block, groups, whether the first row of the input, and the first column, gets its gradient from the middle taps.
 */
export function winogradStride2Input(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const channels = word(parameters, 4)
  const height = word(parameters, 8)
  const width = word(parameters, 9)
  const outputs = word(parameters, 11)
  const block = word(parameters, 14)
  const groups = word(parameters, 15)
  const middleRow = word(parameters, 16) != 0
  const middleColumn = word(parameters, 17) != 0
  const windowRows = (height + 3) >> 2
  const windowColumns = (width + 3) >> 2
  const windows = word(parameters, 1) * windowRows * windowColumns
  const step = (<usize>channels) << 2
  const outputPixel = (<usize>outputs) << 2
  const tap = (<usize>channels) << 5
  const transformed = address(parameters, 12) + address(parameters, 13) * <usize>thread
  const left = transformed + ((<usize>block * step + SPREAD) << 4)
  const kept = (<usize>block) << 5
  const table = left + 5 * kept
  const spill = table + ((<usize>block) << 6)
  const line = spill + outputPixel

  const end = firstUnit(groups * windows, part + 1, parts)
  let unit = firstUnit(groups * windows, part, parts)
  while (unit < end) {
    const group = unit / windows
    const first = unit - group * windows
    const count = min(block, min(windows - first, end - unit))
    const rounded = (count + 3) & ~3
    const whole = isWhole(height, width, 4, count)
    const position = <usize>rounded * step + SPREAD
    transformWindows(
      THREE | (middleRow ? FIRST_ROW : 0) | (middleColumn ? FIRST_COLUMN : 0),
      address(parameters, 0),
      word(parameters, 2),
      word(parameters, 3),
      channels,
      0,
      step,
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
    fillPixelTable(address(parameters, 10), height, width, outputPixel, 4, first, count, whole, table, spill)
    const firstPanel = <usize>firstUnit(outputs >> 3, group, groups)
    const lastPanel = <usize>firstUnit(outputs >> 3, group + 1, groups)
    for (let index = firstPanel; index < lastPanel; index++) {
      const panel = address(parameters, 7) + index * MATRICES * tap
      const offset = index << 5
      // Row or column 0 of the products is what both pixels of the outer taps share, 1 and 2 what each has alone, 3 and 4 the pixels of the middle tap.
      for (let row = 0; row < 5; row++) {
        for (let column = 0; column < 5; column++) {
          const y = pixelOf(row, middleRow)
          const x = pixelOf(column, middleColumn)
          nestedProduct(
            transformed + <usize>(4 * positionOf(row) + positionOf(column)) * position,
            step,
            step,
            rounded,
            panel + <usize>matrixOf(tapOf(row), tapOf(column)) * tap,
            (row == 1 || row == 2) && column > 0 ? left + <usize>column * kept : 0,
            column == 1 || column == 2 ? left : 0,
            row == 0 ? left + <usize>column * kept : left,
            row > 0 && column > 0 ? table + (whole ? 0 : (<usize>((4 * y + x) * rounded)) << 2) : 0,
            offset + (whole ? <usize>(y * width + x) * outputPixel : 0),
          )
        }
      }
    }
    unit += count
  }
}

/** The position of a window's rows or columns that products `index` read. */
function positionOf(index: i32): i32 {
  return index == 0 || index == 3 ? 1 : index == 1 ? 0 : index == 2 ? 2 : 3
}

/** The tap that they are multiplied with; 3 is the sum of the outer ones. */
function tapOf(index: i32): i32 {
  return index == 0 ? 3 : index == 1 ? 2 : index == 2 ? 0 : 1
}

/** Where a tap, or a sum of taps, lies among the transformed weights. */
function matrixOf(row: i32, column: i32): i32 {
  if (row == 3) return 15 + column
  if (column == 3) return 12 + row
  return row == 2 ? 7 + 2 * column : row + 2 * column
}

/** The row or column of a window's pixels that products `index` make up. */
function pixelOf(index: i32, middle: bool): i32 {
  if (index < 3) return 2 * index - (middle ? 1 : 2)
  return index == 3 ? (middle ? 2 : 1) : middle ? 0 : 3
}
