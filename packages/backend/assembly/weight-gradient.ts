// The gradient of a convolution by its weights, block of images by block of images so that both operands stay in cache.
import { copyPadded } from './pack'
import { address, firstUnit, word } from './simd'
import { setBlock, taps4x4, taps4x8, taps8x4 } from './weight-tiles'

/**
 * One part of a weight gradient; parts share out the tiles of weights, so every weight is summed in one order. Words: input, batch, height, width,
 * channels, pad top, pad left, whether to copy the input, output gradient, tap rows, run, output height, output width, step rows, step columns,
 * target, outputs, outputs rounded up to 4, scratch, scratch bytes a part, images, rows and columns a block.
 */
export function weightGradient(parameters: usize, part: i32, parts: i32): void {
  const input = address(parameters, 0)
  const batch = word(parameters, 1)
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const channels = word(parameters, 4)
  const pixel = (<usize>channels) << 2
  const padTop = word(parameters, 5)
  const padLeft = word(parameters, 6)
  const copies = word(parameters, 7) != 0
  const gradient = address(parameters, 8)
  const taps = word(parameters, 9)
  const run = word(parameters, 10)
  const gridRows = word(parameters, 11)
  const gridColumns = word(parameters, 12)
  const stepRows = word(parameters, 13)
  const stepColumns = word(parameters, 14)
  const target = address(parameters, 15)
  const outputs = word(parameters, 16)
  const rounded = word(parameters, 17)
  const scratch = address(parameters, 18) + address(parameters, 19) * <usize>part
  const blockImages = word(parameters, 20)
  const blockRows = word(parameters, 21)
  const blockColumns = word(parameters, 22)

  const gradientPixel = (<usize>rounded) << 2
  const kernelColumns = run / channels
  let starts = true
  for (let image = 0; image < batch; image += blockImages) {
    const images = min(blockImages, batch - image)
    for (let row = 0; row < gridRows; row += blockRows) {
      const rows = min(blockRows, gridRows - row)
      for (let column = 0; column < gridColumns; column += blockColumns) {
        const columns = min(blockColumns, gridColumns - column)
        const top = row * stepRows - padTop
        const left = column * stepColumns - padLeft
        let free = scratch
        let x: usize
        let pitch: usize
        let imageBytes: usize
        if (copies) {
          x = free
          const lines = (rows - 1) * stepRows + taps
          const paddedColumns = (columns - 1) * stepColumns + kernelColumns
          pitch = <usize>paddedColumns * pixel
          imageBytes = <usize>lines * pitch
          for (let i = 0; i < images; i++) {
            copyPadded(input + <usize>(image + i) * height * width * pixel, height, width, pixel, top, left, lines, paddedColumns, free)
            free += imageBytes
          }
          free += 64
        } else {
          pitch = <usize>width * pixel
          imageBytes = <usize>height * pitch
          x = input + <usize>image * imageBytes + <usize>top * pitch + <usize>left * pixel
        }
        let dy = gradient + <usize>((image * gridRows + row) * gridColumns + column) * ((<usize>outputs) << 2)
        let dyPitch = <usize>gridColumns * gradientPixel
        let dyImage = <usize>gridRows * dyPitch
        if (rounded != outputs) {
          dy = widen(dy, images, rows, columns, gridRows, gridColumns, outputs, rounded, free)
          dyPitch = <usize>columns * gradientPixel
          dyImage = <usize>rows * dyPitch
        }
        setBlock(
          images,
          rows,
          columns,
          <usize>stepColumns * pixel,
          <usize>stepRows * pitch,
          imageBytes,
          gradientPixel,
          dyPitch,
          dyImage,
          (<usize>outputs) << 2,
          starts,
        )
        tiles(x, dy, pitch, taps, run, outputs, rounded, target, part, parts)
        starts = false
      }
    }
  }
}

/** Copies output gradients with zeros after the last output of each pixel; returns where they are. */
function widen(
  source: usize,
  images: i32,
  rows: i32,
  columns: i32,
  gridRows: i32,
  gridColumns: i32,
  outputs: i32,
  rounded: i32,
  target: usize,
): usize {
  let to = target
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      let from = source + ((<usize>((image * gridRows + row) * gridColumns * outputs)) << 2)
      for (let column = 0; column < columns; column++) {
        for (let i = 0; i < outputs; i++) store<f32>(to + (i << 2), load<f32>(from + (i << 2)))
        for (let i = outputs; i < rounded; i++) store<f32>(to + (i << 2), 0)
        from += (<usize>outputs) << 2
        to += (<usize>rounded) << 2
      }
    }
  }
  return target
}

/** This part's tiles, over one block of images. */
function tiles(
  x: usize,
  dy: usize,
  pitch: usize,
  taps: i32,
  run: i32,
  outputs: i32,
  rounded: i32,
  target: usize,
  part: i32,
  parts: i32,
): void {
  const blocks = (rounded + 7) >> 3
  const units = blocks * taps
  const end = firstUnit(units, part + 1, parts)
  for (let unit = firstUnit(units, part, parts); unit < end; unit++) {
    const block = unit / taps
    const row = unit - block * taps
    const output = block << 3
    const lanes = min(8, outputs - output)
    const eight = rounded - output >= 8
    const size = eight || run < 8 ? 4 : 8
    for (let tap = 0; tap < run; tap += size) {
      const start = max(0, min(tap, run - size))
      const first = tap - start
      const last = run - start
      const p = x + <usize>row * pitch + ((<usize>start) << 2)
      const q = dy + ((<usize>output) << 2)
      const to = target + ((<usize>((row * run + start) * outputs + output)) << 2)
      if (eight && lanes == 8) {
        taps4x8(p, q, to, first, last)
      } else if (eight) {
        taps4x4(p, q, to, first, last, 4)
        taps4x4(p, q + 16, to + 16, first, last, lanes - 4)
      } else if (size == 8) {
        taps8x4(p, q, to, first, last, lanes)
      } else {
        taps4x4(p, q, to, first, last, lanes)
      }
    }
  }
}
