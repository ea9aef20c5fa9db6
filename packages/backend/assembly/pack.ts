// Copies that put operands in the order in which the tiles read them.
import { address, firstUnit, word, zero } from './simd'

/**
 * Copies rows `top` … `top + rows` and columns `left` … `left + columns` of an image to `target`, with zeros outside of it.
 * `pixel` is the bytes of a pixel.
 */
export function copyPadded(
  image: usize,
  height: i32,
  width: i32,
  pixel: usize,
  top: i32,
  left: i32,
  rows: i32,
  columns: i32,
  target: usize,
): void {
  const rowBytes = <usize>columns * pixel
  const before = <usize>min(max(-left, 0), columns) * pixel
  const first = max(left, 0)
  const inside = <usize>max(0, min(width, left + columns) - first) * pixel
  const after = rowBytes - before - inside
  for (let row = 0; row < rows; row++) {
    const y = top + row
    if (y < 0 || y >= height || inside == 0) {
      zero(target, rowBytes)
    } else {
      clear(target, before)
      copy(target + before, image + <usize>(y * width + first) * pixel, inside)
      clear(target + before + inside, after)
    }
    target += rowBytes
  }
}

/** Copies floats; short runs are not worth a call into the engine. */
function copy(target: usize, source: usize, bytes: usize): void {
  const end = source + bytes
  while (source + 16 <= end) {
    v128.store(target, v128.load(source))
    source += 16
    target += 16
  }
  while (source < end) {
    store<f32>(target, load<f32>(source))
    source += 4
    target += 4
  }
}

function clear(target: usize, bytes: usize): void {
  const end = target + bytes
  while (target + 16 <= end) {
    v128.store(target, f32x4.splat(0))
    target += 16
  }
  while (target < end) {
    store<f32>(target, 0)
    target += 4
  }
}

/**
 * Weights in panels of 8 outputs; the last may be of 4, filled with zeros, or of 1. Words: weights, target, tap rows, tap columns, inputs, outputs,
 * first tap row, row step, first tap column, column step, bytes between tap rows, tap columns, inputs, outputs; outputs a group, bytes between groups.
 * Steps may be negative: the input gradient reads its taps backwards.
 */
export function packWeights(parameters: usize, part: i32, parts: i32): void {
  const panels = (word(parameters, 5) + 7) >> 3
  const depth = <usize>(word(parameters, 2) * word(parameters, 3) * word(parameters, 4))
  const end = firstUnit(panels, part + 1, parts)
  for (let panel = firstUnit(panels, part, parts); panel < end; panel++) {
    packPanel(parameters, panel, address(parameters, 1) + ((<usize>panel * depth) << 5))
  }
}

/** Packs panel `panel` alone, to `w`. */
export function packPanel(parameters: usize, panel: i32, w: usize): void {
  const rows = word(parameters, 2)
  const columns = word(parameters, 3)
  const inputs = word(parameters, 4)
  const outputs = word(parameters, 5)
  const firstRow = word(parameters, 6)
  const rowStep = word(parameters, 7)
  const firstColumn = word(parameters, 8)
  const columnStep = word(parameters, 9)
  const rowBytes = word(parameters, 10)
  const columnBytes = word(parameters, 11)
  const inputBytes = word(parameters, 12)
  const outputBytes = word(parameters, 13)
  const group = word(parameters, 14)
  const groupBytes = word(parameters, 15)
  const output = panel << 3
  const lanes = min(8, outputs - output)
  const oneGroup = (output % group) + lanes <= group
  const size = lanes > 4 ? 8 : lanes > 1 ? 4 : 1
  const lane = address(parameters, 0) + (output % group) * outputBytes + (output / group) * groupBytes
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let source = lane + (firstRow + row * rowStep) * rowBytes + (firstColumn + column * columnStep) * columnBytes
      if (lanes == size && size > 1 && outputBytes == 4 && group == outputs) {
        for (let input = 0; input < inputs; input++) {
          v128.store(w, v128.load(source))
          if (size == 8) v128.store(w, v128.load(source, 16), 16)
          source += inputBytes
          w += size << 2
        }
      } else if (lanes == 8 && oneGroup && inputBytes == 4 && (inputs & 3) == 0) {
        for (let input = 0; input < inputs; input += 4) {
          transpose(source, outputBytes, w)
          transpose(source + 4 * outputBytes, outputBytes, w + 16)
          source += 16
          w += 128
        }
      } else if (oneGroup) {
        for (let input = 0; input < inputs; input++) {
          for (let i = 0; i < size; i++) store<f32>(w + (i << 2), i < lanes ? load<f32>(source + i * outputBytes) : 0)
          source += inputBytes
          w += size << 2
        }
      } else {
        for (let input = 0; input < inputs; input++) {
          for (let i = 0; i < size; i++) {
            store<f32>(w + (i << 2), i < lanes ? load<f32>(source + laneOffset(output, i, group, outputBytes, groupBytes)) : 0)
          }
          source += inputBytes
          w += size << 2
        }
      }
    }
  }
}

/** Transposes 4 x 4 floats from rows `step` bytes apart to rows of 8. */
function transpose(source: usize, step: usize, target: usize): void {
  const a = v128.load(source)
  const b = v128.load(source + step)
  const c = v128.load(source + 2 * step)
  const d = v128.load(source + 3 * step)
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7)
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7)
  v128.store(target, i64x2.shuffle(ab, cd, 0, 2))
  v128.store(target, i64x2.shuffle(ab, cd, 1, 3), 32)
  v128.store(target, i64x2.shuffle(abHigh, cdHigh, 0, 2), 64)
  v128.store(target, i64x2.shuffle(abHigh, cdHigh, 1, 3), 96)
}

/** Bytes from the weight of output `first` to that of output `first + i`. */
function laneOffset(first: i32, i: i32, group: i32, outputBytes: i32, groupBytes: i32): i32 {
  const from = first % group
  const groups = (from + i) / group
  return i * outputBytes + groups * (groupBytes - group * outputBytes)
}
