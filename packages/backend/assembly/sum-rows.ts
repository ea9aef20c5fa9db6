// Sums over rows: what is left of a tensor summed over neighbouring axes but the last.
import { address, firstUnit, real, word } from './simd'

/**
 * Sums of blocks of rows, divided. Words: x, rows of an image, columns, blocks an image, rows a block, images times blocks, target; real 0: divisor.
 * A block's sum runs over its rows in order.
 */
export function sumRows(parameters: usize, part: i32, parts: i32): void {
  const x = address(parameters, 0)
  const rows = word(parameters, 1)
  const columns = word(parameters, 2)
  const blocks = word(parameters, 3)
  const blockRows = word(parameters, 4)
  const units = word(parameters, 5)
  const target = address(parameters, 6)
  const divisor = real(parameters, 32)
  const pitch = (<usize>columns) << 2
  const end = firstUnit(units, part + 1, parts)
  for (let unit = firstUnit(units, part, parts); unit < end; unit++) {
    const image = unit / blocks
    const first = (unit - image * blocks) * blockRows
    sumBlock(x + <usize>(image * rows + first) * pitch, min(blockRows, rows - first), columns, target + <usize>unit * pitch, divisor)
  }
}

function sumBlock(from: usize, rows: i32, columns: i32, to: usize, divisor: f32): void {
  const pitch = (<usize>columns) << 2
  const divisors = f32x4.splat(divisor)
  let column = 0
  for (; column + 16 <= columns; column += 16) {
    let a = f32x4.splat(0)
    let b = f32x4.splat(0)
    let c = f32x4.splat(0)
    let d = f32x4.splat(0)
    let p = from
    for (let row = 0; row < rows; row++) {
      a = f32x4.add(a, v128.load(p))
      b = f32x4.add(b, v128.load(p, 16))
      c = f32x4.add(c, v128.load(p, 32))
      d = f32x4.add(d, v128.load(p, 48))
      p += pitch
    }
    v128.store(to, f32x4.div(a, divisors))
    v128.store(to, f32x4.div(b, divisors), 16)
    v128.store(to, f32x4.div(c, divisors), 32)
    v128.store(to, f32x4.div(d, divisors), 48)
    from += 64
    to += 64
  }
  for (; column + 4 <= columns; column += 4) {
    let sum = f32x4.splat(0)
    let p = from
    for (let row = 0; row < rows; row++) {
      sum = f32x4.add(sum, v128.load(p))
      p += pitch
    }
    v128.store(to, f32x4.div(sum, divisors))
    from += 16
    to += 16
  }
  for (; column < columns; column++) {
    let sum: f32 = 0
    let p = from
    for (let row = 0; row < rows; row++) {
      sum += load<f32>(p)
      p += pitch
    }
    store<f32>(to, sum / divisor)
    from += 4
    to += 4
  }
}
