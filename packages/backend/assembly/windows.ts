// Windows of an image on their way to Winograd's algorithm: which of them are read in place, and their transforms.
import { copyPadded } from './pack'

/** Bytes between positions beyond their size: at a power of two all of them would fall into one set of the cache. */
export const SPREAD: usize = 64
/** Windows in a row from which on it pays to copy only those at the edges. */
const DIRECT_WINDOWS: i32 = 6

/** Windows of 4 x 4 pixels, 2 apart: B^T d B of F(2 x 2, 3 x 3), 16 positions row by row. */
export const FOUR: i32 = 4
/**
 * Windows of 5 x 5 pixels, 4 apart, of a convolution with stride 2: (0 - 2, 1, 2, 3, 4 - 2) of rows and columns, 25 positions. Rows 0 and 1 column by column, so that
 * those of neighbouring columns follow one another; then row 2; then rows 3 and 4 like the first two.
 */
export const FIVE: i32 = 5
/**
 * Windows of 3 x 3 pixels, 2 apart, of the input gradient of one: (0 - 1, 1, 2 - 1, 2) of rows and columns, 16 positions row by row. FIRST_ROW: the last row is 0 instead
 * of 2; FIRST_COLUMN: the last column.
 */
export const THREE: i32 = 3
export const FIRST_ROW: i32 = 8
export const FIRST_COLUMN: i32 = 16

/**
 * Transforms bytes `begin` … `end` of the channels of the windows `first` … `first + count` into target, positions `position` bytes apart, windows `step`,
 * groups of four channels `quad`; `line` is room for a row of padded windows. `kind` is FOUR, FIVE or THREE, the latter with flags.
 */
export function transformWindows(
  kind: i32,
  source: usize,
  height: i32,
  width: i32,
  channels: i32,
  begin: usize,
  end: usize,
  padTop: i32,
  padLeft: i32,
  windowRows: i32,
  windowColumns: i32,
  first: i32,
  count: i32,
  target: usize,
  position: usize,
  step: usize,
  quad: usize,
  line: usize,
): void {
  const pixel = (<usize>channels) << 2
  const windows = windowRows * windowColumns
  const size = kind & 7
  const stride = size == FIVE ? 4 : 2
  let done = 0
  while (done < count) {
    const index = first + done
    const image = index / windows
    const row = (index - image * windows) / windowColumns
    const column = index - image * windows - row * windowColumns
    const top = stride * row - padTop
    const left = stride * column - padLeft
    const start = source + <usize>(image * height * width) * pixel
    let length = min(windowColumns - column, count - done)
    let from = line
    let pitch = <usize>width * pixel
    // Windows that lie in the image are read in place, those that reach over its edges from a copy; of short rows all.
    const direct = windowColumns >= DIRECT_WINDOWS && top >= 0 && top + size <= height
    const inside = direct && left >= 0 ? min(length, (width - left - size + stride) / stride) : 0
    if (inside > 0) {
      length = inside
      from = start + <usize>(top * width + left) * pixel
    } else {
      if (direct && left < 0) length = min(length, (stride - 1 - left) / stride)
      const columns = stride * (length - 1) + size
      pitch = <usize>columns * pixel
      copyPadded(start, height, width, pixel, top, left, size, columns, line)
    }
    const move = <usize>stride * pixel
    if (size == FOUR) transformFour(from, length, move, begin, end, pitch, pixel, target, position, step, quad)
    else if (size == FIVE) transformFive(from, length, move, begin, end, pitch, pixel, target, position, step, quad)
    else transformThree(from, length, move, begin, end, pitch, pixel, target, position, step, quad, kind)
    target += <usize>length * step
    done += length
  }
}

/**
 * Transforms `length` windows, `move` bytes apart, four channels at a time. `line` is the bytes between rows, `pixel` between columns, `position`, `step` and `quad` those between
 * the target's positions, windows and groups of four channels.
 */
function transformFour(
  windows: usize,
  length: i32,
  move: usize,
  begin: usize,
  end: usize,
  line: usize,
  pixel: usize,
  target: usize,
  position: usize,
  step: usize,
  quad: usize,
): void {
  const two = 2 * pixel
  const three = 3 * pixel
  for (; length > 0; length--) {
    for (let source = windows + begin, to = target; source < windows + end; source += 16) {
      const r1 = source + line
      const r2 = r1 + line
      const r3 = r2 + line
      // Rows 0 - 2, 1 + 2, 2 - 1 and 1 - 3 of each column, then the same along the rows.
      let a = v128.load(r2)
      let b = v128.load(r2 + pixel)
      let c = v128.load(r2 + two)
      let d = v128.load(r2 + three)
      storeFour(
        to,
        position,
        f32x4.sub(v128.load(source), a),
        f32x4.sub(v128.load(source + pixel), b),
        f32x4.sub(v128.load(source + two), c),
        f32x4.sub(v128.load(source + three), d),
      )
      const e = v128.load(r1)
      const f = v128.load(r1 + pixel)
      const g = v128.load(r1 + two)
      const h = v128.load(r1 + three)
      storeFour(to + 4 * position, position, f32x4.add(e, a), f32x4.add(f, b), f32x4.add(g, c), f32x4.add(h, d))
      storeFour(to + 8 * position, position, f32x4.sub(a, e), f32x4.sub(b, f), f32x4.sub(c, g), f32x4.sub(d, h))
      a = f32x4.sub(e, v128.load(r3))
      b = f32x4.sub(f, v128.load(r3 + pixel))
      c = f32x4.sub(g, v128.load(r3 + two))
      d = f32x4.sub(h, v128.load(r3 + three))
      storeFour(to + 12 * position, position, a, b, c, d)
      to += quad
    }
    windows += move
    target += step
  }
}

function storeFour(target: usize, position: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(target, f32x4.sub(a, c))
  v128.store(target + position, f32x4.add(b, c))
  v128.store(target + 2 * position, f32x4.sub(c, b))
  v128.store(target + 3 * position, f32x4.sub(b, d))
}

function transformFive(
  windows: usize,
  length: i32,
  move: usize,
  begin: usize,
  end: usize,
  line: usize,
  pixel: usize,
  target: usize,
  position: usize,
  step: usize,
  quad: usize,
): void {
  const two = 2 * pixel
  const three = 3 * pixel
  const four = 4 * pixel
  const pair = 2 * position
  for (; length > 0; length--) {
    for (let source = windows + begin, to = target; source < windows + end; source += 16) {
      let from = source + 2 * line
      const a = v128.load(from)
      const b = v128.load(from + pixel)
      const c = v128.load(from + two)
      const d = v128.load(from + three)
      const e = v128.load(from + four)
      storeFive(to + 10 * position, position, a, b, c, d, e)
      storeFive(
        to,
        pair,
        f32x4.sub(v128.load(source), a),
        f32x4.sub(v128.load(source + pixel), b),
        f32x4.sub(v128.load(source + two), c),
        f32x4.sub(v128.load(source + three), d),
        f32x4.sub(v128.load(source + four), e),
      )
      from = source + 4 * line
      storeFive(
        to + 16 * position,
        pair,
        f32x4.sub(v128.load(from), a),
        f32x4.sub(v128.load(from + pixel), b),
        f32x4.sub(v128.load(from + two), c),
        f32x4.sub(v128.load(from + three), d),
        f32x4.sub(v128.load(from + four), e),
      )
      from = source + line
      storeFive(
        to + position,
        pair,
        v128.load(from),
        v128.load(from + pixel),
        v128.load(from + two),
        v128.load(from + three),
        v128.load(from + four),
      )
      from = source + 3 * line
      storeFive(
        to + 15 * position,
        pair,
        v128.load(from),
        v128.load(from + pixel),
        v128.load(from + two),
        v128.load(from + three),
        v128.load(from + four),
      )
      to += quad
    }
    windows += move
    target += step
  }
}

function storeFive(target: usize, step: usize, a: v128, b: v128, c: v128, d: v128, e: v128): void {
  v128.store(target, f32x4.sub(a, c))
  v128.store(target + step, b)
  v128.store(target + 2 * step, c)
  v128.store(target + 3 * step, d)
  v128.store(target + 4 * step, f32x4.sub(e, c))
}

function transformThree(
  windows: usize,
  length: i32,
  move: usize,
  begin: usize,
  end: usize,
  line: usize,
  pixel: usize,
  target: usize,
  position: usize,
  step: usize,
  quad: usize,
  kind: i32,
): void {
  const two = 2 * pixel
  const first = (kind & FIRST_COLUMN) != 0
  const last = kind & FIRST_ROW ? 0 : 2 * line
  for (; length > 0; length--) {
    for (let source = windows + begin, to = target; source < windows + end; source += 16) {
      let from = source + line
      const a = v128.load(from)
      const b = v128.load(from + pixel)
      const c = v128.load(from + two)
      storeThree(to + 4 * position, position, a, b, c, first)
      storeThree(
        to,
        position,
        f32x4.sub(v128.load(source), a),
        f32x4.sub(v128.load(source + pixel), b),
        f32x4.sub(v128.load(source + two), c),
        first,
      )
      from = source + 2 * line
      storeThree(
        to + 8 * position,
        position,
        f32x4.sub(v128.load(from), a),
        f32x4.sub(v128.load(from + pixel), b),
        f32x4.sub(v128.load(from + two), c),
        first,
      )
      from = source + last
      storeThree(to + 12 * position, position, v128.load(from), v128.load(from + pixel), v128.load(from + two), first)
      to += quad
    }
    windows += move
    target += step
  }
}

function storeThree(target: usize, position: usize, a: v128, b: v128, c: v128, first: bool): void {
  v128.store(target, f32x4.sub(a, b))
  v128.store(target + position, b)
  v128.store(target + 2 * position, f32x4.sub(c, b))
  if (first) v128.store(target + 3 * position, a)
  else v128.store(target + 3 * position, c)
}
