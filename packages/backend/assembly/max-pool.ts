// Max pooling: among equal elements the first of the window has the maximum, row by row. NaN is never a maximum.
import { address, firstUnit, word, zero } from './simd'

/** Words: x, batch, height, width, channels, window rows, columns, step rows, columns, pad top, left, y height, width, y. */
export function maxPool(parameters: usize, part: i32, parts: i32): void {
  const x = address(parameters, 0)
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const channels = word(parameters, 4)
  const windowRows = word(parameters, 5)
  const windowColumns = word(parameters, 6)
  const stepRows = word(parameters, 7)
  const stepColumns = word(parameters, 8)
  const padTop = word(parameters, 9)
  const padLeft = word(parameters, 10)
  const gridRows = word(parameters, 11)
  const gridColumns = word(parameters, 12)
  const pixel = (<usize>channels) << 2
  const pitch = <usize>width * pixel
  const quads = channels & ~3
  const rows = word(parameters, 1) * gridRows
  const end = firstUnit(rows, part + 1, parts)
  let row = firstUnit(rows, part, parts)
  let y = address(parameters, 13) + <usize>(row * gridColumns) * pixel
  for (; row < end; row++) {
    const image = row / gridRows
    const top = (row - image * gridRows) * stepRows - padTop
    const lines = min(height, top + windowRows) - max(0, top)
    const base = x + <usize>(image * height + max(0, top)) * pitch
    for (let column = 0; column < gridColumns; column++) {
      const left = column * stepColumns - padLeft
      const bytes = <usize>max(0, min(width, left + windowColumns) - max(0, left)) * pixel
      const corner = base + <usize>max(0, left) * pixel
      for (let channel = 0; channel < quads; channel += 4) {
        let best = f32x4.splat(-Infinity)
        let line = corner + ((<usize>channel) << 2)
        for (let i = 0; i < lines; i++) {
          const stop = line + bytes
          for (let p = line; p < stop; p += pixel) best = f32x4.pmax(best, v128.load(p))
          line += pitch
        }
        v128.store(y + ((<usize>channel) << 2), best)
      }
      for (let channel = quads; channel < channels; channel++) {
        let best: f32 = -Infinity
        let line = corner + ((<usize>channel) << 2)
        for (let i = 0; i < lines; i++) {
          const stop = line + bytes
          for (let p = line; p < stop; p += pixel) {
            const value = load<f32>(p)
            if (value > best) best = value
          }
          line += pitch
        }
        store<f32>(y + ((<usize>channel) << 2), best)
      }
      y += pixel
    }
  }
}

/** Channels of a unit of work: one cache line. */
const UNIT_CHANNELS: i32 = 16

/** Adds each output gradient to the element that had the maximum. Words as of maxPool, with dx at 14 and dy in place of y. */
export function maxPoolGradient(parameters: usize, part: i32, parts: i32): void {
  const channels = word(parameters, 4)
  const blocks = (channels + UNIT_CHANNELS - 1) / UNIT_CHANNELS
  const units = word(parameters, 1) * blocks
  const end = firstUnit(units, part + 1, parts)
  for (let unit = firstUnit(units, part, parts); unit < end; unit++) {
    const image = unit / blocks
    const channel = (unit - image * blocks) * UNIT_CHANNELS
    poolGradient(parameters, image, channel, min(UNIT_CHANNELS, channels - channel))
  }
}

function addTo(pointer: usize, value: f32): void {
  store<f32>(pointer, load<f32>(pointer) + value)
}

/** Channels `channel` … `channel + count` of an image. */
function poolGradient(parameters: usize, image: i32, channel: i32, count: i32): void {
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const windowRows = word(parameters, 5)
  const windowColumns = word(parameters, 6)
  const stepRows = word(parameters, 7)
  const stepColumns = word(parameters, 8)
  const padTop = word(parameters, 9)
  const padLeft = word(parameters, 10)
  const gridRows = word(parameters, 11)
  const gridColumns = word(parameters, 12)
  const pixel = (<usize>word(parameters, 4)) << 2
  const pitch = <usize>width * pixel
  const lane = (<usize>channel) << 2
  const first = <usize>image * height * pitch + lane
  const x = address(parameters, 0) + first
  const dx = address(parameters, 14) + first
  let dy = address(parameters, 13) + <usize>image * gridRows * gridColumns * pixel + lane
  clearChannels(dx, height * width, pixel, (<usize>count) << 2)
  for (let row = 0; row < gridRows; row++) {
    const top = row * stepRows - padTop
    const lines = min(height, top + windowRows) - max(0, top)
    for (let column = 0; column < gridColumns; column++) {
      const left = column * stepColumns - padLeft
      const bytes = <usize>max(0, min(width, left + windowColumns) - max(0, left)) * pixel
      const corner = <usize>max(0, top) * pitch + <usize>max(0, left) * pixel
      let i = 0
      for (; i + 4 <= count; i += 4) quad(x, dx, dy + ((<usize>i) << 2), corner + ((<usize>i) << 2), lines, bytes, pitch, pixel)
      for (; i < count; i++) single(x, dx, dy + ((<usize>i) << 2), corner + ((<usize>i) << 2), lines, bytes, pitch, pixel)
      dy += pixel
    }
  }
}

/** Sets `bytes` bytes of each pixel to zero. */
function clearChannels(dx: usize, pixels: i32, pixel: usize, bytes: usize): void {
  if (bytes == pixel) {
    zero(dx, <usize>pixels * pixel)
    return
  }
  for (let i = 0; i < pixels; i++) {
    let offset: usize = 0
    for (; offset + 16 <= bytes; offset += 16) v128.store(dx + offset, f32x4.splat(0))
    for (; offset < bytes; offset += 4) store<f32>(dx + offset, 0)
    dx += pixel
  }
}

/** Four channels of one window; `-1` stands for a window without a maximum. */
function quad(x: usize, dx: usize, dy: usize, corner: usize, lines: i32, bytes: usize, pitch: usize, pixel: usize): void {
  let best = f32x4.splat(-Infinity)
  let where = i32x4.splat(-1)
  let line = corner
  for (let i = 0; i < lines; i++) {
    const stop = line + bytes
    for (let offset = line; offset < stop; offset += pixel) {
      const value = v128.load(x + offset)
      const better = f32x4.gt(value, best)
      best = v128.bitselect(value, best, better)
      where = v128.bitselect(i32x4.splat(<i32>offset), where, better)
    }
    line += pitch
  }
  const a = i32x4.extract_lane(where, 0)
  const b = i32x4.extract_lane(where, 1)
  const c = i32x4.extract_lane(where, 2)
  const d = i32x4.extract_lane(where, 3)
  if (a != -1) addTo(dx + <usize>a, load<f32>(dy))
  if (b != -1) addTo(dx + <usize>b + 4, load<f32>(dy, 4))
  if (c != -1) addTo(dx + <usize>c + 8, load<f32>(dy, 8))
  if (d != -1) addTo(dx + <usize>d + 12, load<f32>(dy, 12))
}

/** One channel of one window. */
function single(x: usize, dx: usize, dy: usize, corner: usize, lines: i32, bytes: usize, pitch: usize, pixel: usize): void {
  let best: f32 = -Infinity
  let where: usize = -1
  let line = corner
  for (let i = 0; i < lines; i++) {
    const stop = line + bytes
    for (let offset = line; offset < stop; offset += pixel) {
      const value = load<f32>(x + offset)
      if (value > best) {
        best = value
        where = offset
      }
    }
    line += pitch
  }
  if (where != -1) addTo(dx + where, load<f32>(dy))
}
