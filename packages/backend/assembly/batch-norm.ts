// Batch norm over rows of lanes. Channel counts that are no multiple of 4 come as groups of 2 or 4 pixels side by side (lanes = channels x group);
// the pixels that fill no group are the tail. Sums are taken chunk by chunk in float32 and merged in float64, in an order that no thread count changes.
import { address, firstUnit, multiplyAdd, real, word } from './simd'

/** Rows that a column is followed for before the next one, so that a cache line is read once. */
const STRIP_BYTES: i32 = 4 << 10

function stripRows(lanes: i32): i32 {
  return max(8, STRIP_BYTES / (lanes << 2))
}

/** Sums `rows` rows of one column of four lanes. */
function columnSum(x: usize, rows: i32, pitch: usize): v128 {
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  let row = 0
  for (; row + 4 <= rows; row += 4) {
    a = f32x4.add(a, v128.load(x))
    b = f32x4.add(b, v128.load(x + pitch))
    c = f32x4.add(c, v128.load(x + 2 * pitch))
    d = f32x4.add(d, v128.load(x + 3 * pitch))
    x += 4 * pitch
  }
  for (; row < rows; row++) {
    a = f32x4.add(a, v128.load(x))
    x += pitch
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
}

/** Sums the squared differences of one column from `mean`. */
function columnSquares(x: usize, rows: i32, pitch: usize, mean: v128): v128 {
  let a = f32x4.splat(0)
  let b = a
  let row = 0
  for (; row + 2 <= rows; row += 2) {
    const p = f32x4.sub(v128.load(x), mean)
    const q = f32x4.sub(v128.load(x + pitch), mean)
    a = multiplyAdd(p, p, a)
    b = multiplyAdd(q, q, b)
    x += 2 * pitch
  }
  if (row < rows) {
    const p = f32x4.sub(v128.load(x), mean)
    a = multiplyAdd(p, p, a)
  }
  return f32x4.add(a, b)
}

/** Mean and squared differences of each chunk. Words: x, rows, lanes, rows a chunk, partial sums `[chunks, 2, lanes]`. */
export function normStatistics(parameters: usize, part: i32, parts: i32): void {
  const x = address(parameters, 0)
  const rows = word(parameters, 1)
  const lanes = word(parameters, 2)
  const chunkRows = word(parameters, 3)
  const partials = address(parameters, 4)
  const pitch = (<usize>lanes) << 2
  const chunks = (rows + chunkRows - 1) / chunkRows
  const end = firstUnit(chunks, part + 1, parts)
  for (let chunk = firstUnit(chunks, part, parts); chunk < end; chunk++) {
    const count = min(chunkRows, rows - chunk * chunkRows)
    const share = f32x4.splat(<f32>1 / <f32>count)
    let from = x + <usize>(chunk * chunkRows) * pitch
    let to = partials + <usize>chunk * 2 * pitch
    for (let lane = 0; lane < lanes; lane += 4) {
      const mean = f32x4.mul(columnSum(from, count, pitch), share)
      v128.store(to, mean)
      v128.store(to + pitch, columnSquares(from, count, pitch, mean))
      from += 16
      to += 16
    }
  }
}

/**
 * Merges the chunks and the tail. Words: x, rows, lanes, rows a chunk, partial sums, channels, tail pixels, mean, variance, gamma, beta,
 * table (`mean`, `scale`, `shift`, each [lanes]). Reals: epsilon.
 */
export function normMerge(parameters: usize, _part: i32, _parts: i32): void {
  const rows = word(parameters, 1)
  const lanes = word(parameters, 2)
  const chunkRows = word(parameters, 3)
  const partials = address(parameters, 4)
  const channels = word(parameters, 5)
  const tail = word(parameters, 6)
  const means = address(parameters, 7)
  const variances = address(parameters, 8)
  const gamma = address(parameters, 9)
  const beta = address(parameters, 10)
  const table = address(parameters, 11)
  const epsilon = <f64>real(parameters, 32)
  const pitch = (<usize>lanes) << 2
  const chunks = (rows + chunkRows - 1) / chunkRows
  const pixel = (<usize>channels) << 2
  const rest = address(parameters, 0) + <usize>rows * pitch
  const total = <f64>rows * (<f64>lanes / <f64>channels) + <f64>tail
  for (let channel = 0; channel < channels; channel++) {
    const offset = (<usize>channel) << 2
    let sum: f64 = 0
    for (let lane = channel; lane < lanes; lane += channels) {
      let from = partials + ((<usize>lane) << 2)
      for (let chunk = 0; chunk < chunks; chunk++) {
        sum += <f64>load<f32>(from) * <f64>min(chunkRows, rows - chunk * chunkRows)
        from += 2 * pitch
      }
    }
    for (let i = 0; i < tail; i++) sum += <f64>load<f32>(rest + <usize>i * pixel + offset)
    const mean = sum / total
    let squares: f64 = 0
    for (let lane = channel; lane < lanes; lane += channels) {
      let from = partials + ((<usize>lane) << 2)
      for (let chunk = 0; chunk < chunks; chunk++) {
        const difference = <f64>load<f32>(from) - mean
        squares += <f64>load<f32>(from + pitch) + difference * difference * <f64>min(chunkRows, rows - chunk * chunkRows)
        from += 2 * pitch
      }
    }
    for (let i = 0; i < tail; i++) {
      const difference = <f64>load<f32>(rest + <usize>i * pixel + offset) - mean
      squares += difference * difference
    }
    const variance = squares / total
    store<f32>(means + offset, <f32>mean)
    store<f32>(variances + offset, <f32>variance)
    const scale = <f32>(<f64>load<f32>(gamma + offset) / sqrt<f64>(variance + epsilon))
    for (let lane = channel; lane < lanes; lane += channels) {
      const to = table + ((<usize>lane) << 2)
      store<f32>(to, <f32>mean)
      store<f32>(to + pitch, scale)
      store<f32>(to + 2 * pitch, load<f32>(beta + offset))
    }
  }
}

/**
 * y = relu?((x - mean) * scale + shift + residual?). Words: x, rows, lanes, y, residual or 0, relu, table, tail elements.
 */
export function normApply(parameters: usize, part: i32, parts: i32): void {
  const lanes = word(parameters, 2)
  const residual = address(parameters, 4)
  const relu = word(parameters, 5) != 0
  const table = address(parameters, 6)
  const pitch = (<usize>lanes) << 2
  const end = firstUnit(word(parameters, 1), part + 1, parts)
  let row = firstUnit(word(parameters, 1), part, parts)
  const begin = <usize>row * pitch
  let x = address(parameters, 0) + begin
  let y = address(parameters, 3) + begin
  let r = residual == 0 ? 0 : residual + begin
  const strip = stripRows(lanes)
  const floor = f32x4.splat(relu ? 0 : -Infinity)
  while (row < end) {
    const count = min(strip, end - row)
    for (let lane = 0; lane < lanes; lane += 4) {
      const offset = (<usize>lane) << 2
      const mean = v128.load(table + offset)
      const scale = v128.load(table + offset + pitch)
      const shift = v128.load(table + offset + 2 * pitch)
      let from = x + offset
      let to = y + offset
      if (r != 0) {
        let add = r + offset
        for (let i = 0; i < count; i++) {
          const value = f32x4.add(multiplyAdd(f32x4.sub(v128.load(from), mean), scale, shift), v128.load(add))
          v128.store(to, relu ? f32x4.pmax(value, floor) : value)
          from += pitch
          to += pitch
          add += pitch
        }
      } else {
        for (let i = 0; i < count; i++) {
          const value = multiplyAdd(f32x4.sub(v128.load(from), mean), scale, shift)
          v128.store(to, relu ? f32x4.pmax(value, floor) : value)
          from += pitch
          to += pitch
        }
      }
    }
    const step = <usize>count * pitch
    x += step
    y += step
    if (r != 0) r += step
    row += count
  }
  if (part == parts - 1) {
    const tail = word(parameters, 7)
    for (let i = 0; i < tail; i++) {
      const offset = (<usize>i) << 2
      const mean = load<f32>(table + offset)
      let value = (load<f32>(x + offset) - mean) * load<f32>(table + offset + pitch) + load<f32>(table + offset + 2 * pitch)
      if (r != 0) value += load<f32>(r + offset)
      store<f32>(y + offset, relu && value < 0 ? 0 : value)
    }
  }
}

/** Repeats `[channels]` values over lanes, `parts` of them one after the other. Words: source, channels, lanes, target. */
export function repeatLanes(parameters: usize, _part: i32, _parts: i32): void {
  const source = address(parameters, 0)
  const channels = word(parameters, 1)
  const lanes = word(parameters, 2)
  const target = address(parameters, 3)
  for (let lane = 0; lane < lanes; lane++) store<f32>(target + ((<usize>lane) << 2), load<f32>(source + ((<usize>(lane % channels)) << 2)))
}
