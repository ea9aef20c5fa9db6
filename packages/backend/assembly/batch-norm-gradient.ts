// The gradient of batch norm, with the ReLU's mask where y is not above 0. Rows, lanes, chunks and tail as in batch-norm.ts.
import { address, firstUnit, multiplyAdd, real, word } from './simd'

/** Sums of dz and of dz * (x - mean). Words: dy, rows, lanes, rows a chunk, partial sums `[chunks, 2, lanes]`, x, y, relu, mean [lanes]. */
export function normGradientSums(parameters: usize, part: i32, parts: i32): void {
  const rows = word(parameters, 1)
  const lanes = word(parameters, 2)
  const chunkRows = word(parameters, 3)
  const partials = address(parameters, 4)
  const relu = word(parameters, 7) != 0
  const means = address(parameters, 8)
  const pitch = (<usize>lanes) << 2
  const zero = f32x4.splat(0)
  const chunks = (rows + chunkRows - 1) / chunkRows
  const end = firstUnit(chunks, part + 1, parts)
  for (let chunk = firstUnit(chunks, part, parts); chunk < end; chunk++) {
    const count = min(chunkRows, rows - chunk * chunkRows)
    const begin = <usize>(chunk * chunkRows) * pitch
    let to = partials + <usize>chunk * 2 * pitch
    for (let lane = 0; lane < lanes; lane += 4) {
      const offset = begin + ((<usize>lane) << 2)
      let d = address(parameters, 0) + offset
      let x = address(parameters, 5) + offset
      let y = address(parameters, 6) + offset
      const mean = v128.load(means + ((<usize>lane) << 2))
      let a = zero
      let b = zero
      let c = zero
      let e = zero
      let i = 0
      for (; i + 2 <= count; i += 2) {
        let first = v128.load(d)
        let second = v128.load(d + pitch)
        if (relu) {
          first = v128.and(first, f32x4.gt(v128.load(y), zero))
          second = v128.and(second, f32x4.gt(v128.load(y + pitch), zero))
        }
        a = f32x4.add(a, first)
        c = f32x4.add(c, second)
        b = multiplyAdd(first, f32x4.sub(v128.load(x), mean), b)
        e = multiplyAdd(second, f32x4.sub(v128.load(x + pitch), mean), e)
        d += 2 * pitch
        x += 2 * pitch
        y += 2 * pitch
      }
      if (i < count) {
        let first = v128.load(d)
        if (relu) first = v128.and(first, f32x4.gt(v128.load(y), zero))
        a = f32x4.add(a, first)
        b = multiplyAdd(first, f32x4.sub(v128.load(x), mean), b)
      }
      v128.store(to, f32x4.add(a, c))
      v128.store(to + pitch, f32x4.add(b, e))
      to += 16
    }
  }
}

/**
 * Merges the sums. Words: dy, rows, lanes, rows a chunk, partial sums, x, y, relu, mean [lanes], channels, tail pixels, variance [channels], gamma,
 * dgamma, dbeta, table (`a`, `b`, `c`, each [lanes]: dx = a dz + b (x - mean) + c). Reals: epsilon.
 */
export function normGradientMerge(parameters: usize, _part: i32, _parts: i32): void {
  const rows = word(parameters, 1)
  const lanes = word(parameters, 2)
  const chunkRows = word(parameters, 3)
  const partials = address(parameters, 4)
  const relu = word(parameters, 7) != 0
  const means = address(parameters, 8)
  const channels = word(parameters, 9)
  const tail = word(parameters, 10)
  const variances = address(parameters, 11)
  const gamma = address(parameters, 12)
  const gammaGradient = address(parameters, 13)
  const betaGradient = address(parameters, 14)
  const table = address(parameters, 15)
  const epsilon = <f64>real(parameters, 32)
  const pitch = (<usize>lanes) << 2
  const pixel = (<usize>channels) << 2
  const rest = <usize>rows * pitch
  const chunks = (rows + chunkRows - 1) / chunkRows
  const total = <f64>rows * (<f64>lanes / <f64>channels) + <f64>tail
  for (let channel = 0; channel < channels; channel++) {
    const offset = (<usize>channel) << 2
    const mean = load<f32>(means + offset)
    let sum: f64 = 0
    let product: f64 = 0
    for (let lane = channel; lane < lanes; lane += channels) {
      let from = partials + ((<usize>lane) << 2)
      for (let chunk = 0; chunk < chunks; chunk++) {
        sum += <f64>load<f32>(from)
        product += <f64>load<f32>(from + pitch)
        from += 2 * pitch
      }
    }
    for (let i = 0; i < tail; i++) {
      const at = rest + <usize>i * pixel + offset
      if (relu && !(load<f32>(address(parameters, 6) + at) > 0)) continue
      const gradient = <f64>load<f32>(address(parameters, 0) + at)
      sum += gradient
      product += gradient * (<f64>load<f32>(address(parameters, 5) + at) - <f64>mean)
    }
    const inverse = 1 / sqrt<f64>(<f64>load<f32>(variances + offset) + epsilon)
    const scale = <f64>load<f32>(gamma + offset) * inverse
    store<f32>(gammaGradient + offset, <f32>(product * inverse))
    store<f32>(betaGradient + offset, <f32>sum)
    for (let lane = channel; lane < lanes; lane += channels) {
      const to = table + ((<usize>lane) << 2)
      store<f32>(to, <f32>scale)
      store<f32>(to + pitch, <f32>((-scale * inverse * inverse * product) / total))
      store<f32>(to + 2 * pitch, <f32>((-scale * sum) / total))
    }
  }
}

/** Words: dy, rows, lanes, x, y, relu, mean [lanes], table, dx, residual's gradient or 0, tail elements. */
export function normGradientApply(parameters: usize, part: i32, parts: i32): void {
  const lanes = word(parameters, 2)
  const relu = word(parameters, 5) != 0
  const means = address(parameters, 6)
  const table = address(parameters, 7)
  const pitch = (<usize>lanes) << 2
  const end = firstUnit(word(parameters, 1), part + 1, parts)
  let row = firstUnit(word(parameters, 1), part, parts)
  const begin = <usize>row * pitch
  let dy = address(parameters, 0) + begin
  let x = address(parameters, 3) + begin
  let y = address(parameters, 4) + begin
  let dx = address(parameters, 8) + begin
  const residual = address(parameters, 9)
  let dr = residual == 0 ? 0 : residual + begin
  const zero = f32x4.splat(0)
  const strip = max(8, (2 << 10) / (lanes << 2))
  while (row < end) {
    const count = min(strip, end - row)
    for (let lane = 0; lane < lanes; lane += 4) {
      const offset = (<usize>lane) << 2
      const mean = v128.load(means + offset)
      const a = v128.load(table + offset)
      const b = v128.load(table + offset + pitch)
      const c = v128.load(table + offset + 2 * pitch)
      let p = dy + offset
      let q = x + offset
      let s = y + offset
      let t = dx + offset
      let u = dr + offset
      for (let i = 0; i < count; i++) {
        let dz = v128.load(p)
        if (relu) {
          dz = v128.and(dz, f32x4.gt(v128.load(s), zero))
          s += pitch
        }
        v128.store(t, multiplyAdd(a, dz, multiplyAdd(b, f32x4.sub(v128.load(q), mean), c)))
        if (dr != 0) {
          v128.store(u, dz)
          u += pitch
        }
        p += pitch
        q += pitch
        t += pitch
      }
    }
    const step = <usize>count * pitch
    dy += step
    x += step
    y += step
    dx += step
    if (dr != 0) dr += step
    row += count
  }
  if (part == parts - 1) {
    const tail = word(parameters, 10)
    for (let i = 0; i < tail; i++) {
      const offset = (<usize>i) << 2
      const dz: f32 = relu && !(load<f32>(y + offset) > 0) ? 0 : load<f32>(dy + offset)
      const centred = load<f32>(x + offset) - load<f32>(means + offset)
      const value = load<f32>(table + offset) * dz + (load<f32>(table + offset + pitch) * centred + load<f32>(table + offset + 2 * pitch))
      store<f32>(dx + offset, value)
      if (dr != 0) store<f32>(dr + offset, dz)
    }
  }
}
