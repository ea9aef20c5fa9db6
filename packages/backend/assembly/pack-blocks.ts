// Copies that put operands of the weight gradient into dense streams: a tile reads 16 bytes of each input pixel and 32 of each output gradient, and with
// many channels every one of them would lie on a cache line of its own, in few of the sets of the cache.

/** Copies an image as copyPadded does, into planes of four channels; `channels` is a multiple of 4. */
export function copyPlanes(
  image: usize,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  rows: i32,
  columns: i32,
  target: usize,
  planeBytes: usize,
): void {
  const pixel = (<usize>channels) << 2
  const zero = f32x4.splat(0)
  for (let row = 0; row < rows; row++) {
    const y = top + row
    for (let column = 0; column < columns; column++) {
      const x = left + column
      let to = target
      if (y < 0 || y >= height || x < 0 || x >= width) {
        for (let channel = 0; channel < channels; channel += 4) {
          v128.store(to, zero)
          to += planeBytes
        }
      } else {
        let from = image + <usize>(y * width + x) * pixel
        for (let channel = 0; channel < channels; channel += 4) {
          v128.store(to, v128.load(from))
          from += 16
          to += planeBytes
        }
      }
      target += 16
    }
  }
}

/**
 * Copies output gradients of a block into panels of 8 outputs, pixel after pixel; the last panel is of 4 where that is enough, and filled with zeros.
 */
export function copyPanels(
  source: usize,
  images: i32,
  rows: i32,
  columns: i32,
  gridRows: i32,
  gridColumns: i32,
  outputs: i32,
  target: usize,
): void {
  const pixels = images * rows * columns
  for (let output = 0; output < outputs; output += 8) {
    const lanes = min(8, outputs - output)
    const size = lanes > 4 ? 8 : 4
    let to = target + ((<usize>pixels * output) << 2)
    for (let image = 0; image < images; image++) {
      for (let row = 0; row < rows; row++) {
        let from = source + ((<usize>((image * gridRows + row) * gridColumns * outputs + output)) << 2)
        for (let column = 0; column < columns; column++) {
          if (lanes == size) {
            v128.store(to, v128.load(from))
            if (size == 8) v128.store(to, v128.load(from, 16), 16)
          } else {
            for (let i = 0; i < size; i++) store<f32>(to + (i << 2), i < lanes ? load<f32>(from + (i << 2)) : 0)
          }
          from += (<usize>outputs) << 2
          to += (<usize>size) << 2
        }
      }
    }
  }
}
