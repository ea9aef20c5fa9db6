// The gradient of a convolution by its weights, block of images by block of images so that both operands stay in cache.
import { copyPadded } from './pack'
import { copyPanels, copyPlanes } from './pack-blocks'
import { address, firstUnit, word } from './simd'
import { setGradient, setInput, taps4x4, taps4x8, taps8x4 } from './weight-tiles'

/** Input as it lies. */
const DIRECT: i32 = 0
/** Input copied with padding. */
const PADDED: i32 = 1
/** Input copied with padding into planes of four channels, so that a tile reads one dense stream. */
const PLANES: i32 = 2

/**
 * Units of work are segments of the batch times groups of the tiles of weights; parts share them out. A segment's sums are its own, so that the order of
 * summation depends on nothing but the shape. Words: input, batch, height, width, channels, pad top, pad left, how the input is read (0, 1, 2 as above),
 * output gradient, tap rows, run, output height, output width, step rows, step columns, sums of the first segment, outputs, whether output gradients are
 * copied into panels of 8, scratch, scratch bytes a thread, images, rows and columns a block, segments, bytes of sums a segment, groups.
 */
export function weightGradient(parameters: usize, part: i32, parts: i32, thread: i32): void {
  const batch = word(parameters, 1)
  const segments = word(parameters, 23)
  const groups = word(parameters, 25)
  const end = firstUnit(segments * groups, part + 1, parts)
  for (let unit = firstUnit(segments * groups, part, parts); unit < end; unit++) {
    const segment = unit / groups
    const first = firstUnit(batch, segment, segments)
    const sums = address(parameters, 15) + address(parameters, 24) * <usize>segment
    addImages(parameters, first, firstUnit(batch, segment + 1, segments), sums, unit - segment * groups, groups, thread)
  }
}

/** Sums over the images `begin` … `end`, for group `group` of the tiles. */
function addImages(parameters: usize, begin: i32, end: i32, sums: usize, group: i32, groups: i32, thread: i32): void {
  const input = address(parameters, 0)
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const channels = word(parameters, 4)
  const pixel = (<usize>channels) << 2
  const mode = word(parameters, 7)
  const gradient = address(parameters, 8)
  const taps = word(parameters, 9)
  const run = word(parameters, 10)
  const gridRows = word(parameters, 11)
  const gridColumns = word(parameters, 12)
  const stepRows = word(parameters, 13)
  const stepColumns = word(parameters, 14)
  const outputs = word(parameters, 16)
  const panels = word(parameters, 17) != 0
  const scratch = address(parameters, 18) + address(parameters, 19) * <usize>thread
  const blockImages = word(parameters, 20)
  const blockRows = word(parameters, 21)
  const blockColumns = word(parameters, 22)

  const kernelColumns = run / channels
  let starts = true
  for (let image = begin; image < end; image += blockImages) {
    const images = min(blockImages, end - image)
    for (let row = 0; row < gridRows; row += blockRows) {
      const rows = min(blockRows, gridRows - row)
      for (let column = 0; column < gridColumns; column += blockColumns) {
        const columns = min(blockColumns, gridColumns - column)
        const top = row * stepRows - word(parameters, 5)
        const left = column * stepColumns - word(parameters, 6)
        const lines = (rows - 1) * stepRows + taps
        const paddedColumns = (columns - 1) * stepColumns + kernelColumns
        const first = input + <usize>(image * height * width) * pixel
        let free = scratch
        let x: usize
        let pitch: usize
        let imageBytes: usize
        if (mode == DIRECT) {
          pitch = <usize>width * pixel
          imageBytes = <usize>height * pitch
          x = first + <usize>top * pitch + <usize>left * pixel
        } else {
          x = free
          const step = mode == PLANES ? 16 : pixel
          pitch = <usize>paddedColumns * step
          imageBytes = <usize>lines * pitch
          const planeBytes = <usize>images * imageBytes
          for (let i = 0; i < images; i++) {
            const source = first + <usize>(i * height * width) * pixel
            const to = free + <usize>i * imageBytes
            if (mode == PLANES) copyPlanes(source, height, width, channels, top, left, lines, paddedColumns, to, planeBytes)
            else copyPadded(source, height, width, pixel, top, left, lines, paddedColumns, to)
          }
          free += planeBytes * (pixel / step) + 64
        }
        let dy = gradient + <usize>((image * gridRows + row) * gridColumns + column) * ((<usize>outputs) << 2)
        if (panels) {
          copyPanels(dy, images, rows, columns, gridRows, gridColumns, outputs, free)
          dy = free
        }
        const step = mode == PLANES ? 16 : pixel
        setInput(images, rows, columns, <usize>stepColumns * step, <usize>stepRows * pitch, imageBytes, (<usize>outputs) << 2, starts)
        tiles(parameters, sums, x, dy, pitch, <usize>images * imageBytes, images * rows * columns, columns, rows, group, groups)
        starts = false
      }
    }
  }
}

/** A group of the tiles, over one block of `pixels` output pixels. */
function tiles(
  parameters: usize,
  target: usize,
  x: usize,
  dy: usize,
  pitch: usize,
  planeBytes: usize,
  pixels: i32,
  columns: i32,
  rows: i32,
  group: i32,
  groups: i32,
): void {
  const channels = word(parameters, 4)
  const planes = word(parameters, 7) == PLANES
  const taps = word(parameters, 9)
  const run = word(parameters, 10)
  const outputs = word(parameters, 16)
  const panels = word(parameters, 17) != 0
  const blocks = (outputs + 7) >> 3
  const units = blocks * taps
  const end = firstUnit(units, group + 1, groups)
  for (let unit = firstUnit(units, group, groups); unit < end; unit++) {
    const block = unit / taps
    const row = unit - block * taps
    const output = block << 3
    const lanes = min(8, outputs - output)
    const eight = lanes > 4
    if (panels) {
      const step: usize = eight ? 32 : 16
      setGradient(step, step * columns, step * columns * rows, columns)
    } else {
      const step = (<usize>outputs) << 2
      setGradient(step, step * word(parameters, 12), step * word(parameters, 12) * word(parameters, 11), columns)
    }
    const q = dy + (panels ? (<usize>(pixels * block)) << 5 : (<usize>output) << 2)
    const size = eight || run < 8 || planes ? 4 : 8
    for (let tap = 0; tap < run; tap += size) {
      const start = max(0, min(tap, run - size))
      const first = tap - start
      const last = run - start
      let p = x + <usize>row * pitch
      if (planes) p += (<usize>(start % channels) >> 2) * planeBytes + ((<usize>(start / channels)) << 4)
      else p += (<usize>start) << 2
      const to = target + ((<usize>((row * run + start) * outputs + output)) << 2)
      if (lanes == 8) {
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
