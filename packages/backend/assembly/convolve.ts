// Correlation of an image with packed weights: convolution, its input gradient and matrix products are all this.
import { gridWidth, setKernel, setSource, setTarget, sourceRowSkip, sourceStep, targetRowSkip, targetStep } from './geometry'
import { correlate4x8, correlate6x4 } from './correlate'
import { correlate6x1 } from './correlate-one'
import { copyPadded } from './pack'
import { address, firstUnit, word } from './simd'

/** Bytes of source that a chunk of pixels may cover, so that it stays in the first-level cache for every block of outputs. */
const CHUNK_BYTES: usize = 24 << 10
/** Pixels of a tile with partly used lanes, 8 floats each. */
const SPILL_BYTES: usize = 8 * 32

/**
 * One part of a correlation. Words: source, batch, source height, width, channels, pad top, pad left (may be negative), padded width, whether to copy,
 * packed weights, tap rows, run, grid height, grid width, step rows, step columns, target, target image bytes, row bytes, column bytes,
 * outputs, scratch, scratch bytes a part, grid rows a band.
 */
export function convolve(parameters: usize, part: i32, parts: i32): void {
  const source = address(parameters, 0)
  const batch = word(parameters, 1)
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const pixel = (<usize>word(parameters, 4)) << 2
  const padTop = word(parameters, 5)
  const padLeft = word(parameters, 6)
  const paddedWidth = word(parameters, 7)
  const copies = word(parameters, 8) != 0
  const weights = address(parameters, 9)
  const taps = word(parameters, 10)
  const elements = word(parameters, 11)
  const gridRows = word(parameters, 12)
  const gridColumns = word(parameters, 13)
  const stepRows = word(parameters, 14)
  const stepColumns = word(parameters, 15)
  const target = address(parameters, 16)
  const imageBytes = address(parameters, 17)
  const rowBytes = address(parameters, 18)
  const columnBytes = address(parameters, 19)
  const outputs = word(parameters, 20)
  const spill = address(parameters, 21) + address(parameters, 22) * <usize>part
  const bandRows = word(parameters, 23)
  const scratch = spill + SPILL_BYTES

  setKernel(taps, elements)
  setTarget(columnBytes, rowBytes, gridColumns)
  const pitch = <usize>(copies ? paddedWidth : width) * pixel
  setSource(pitch, <usize>stepColumns * pixel, <usize>stepRows, gridColumns)

  const rows = batch * gridRows
  const end = firstUnit(rows, part + 1, parts)
  let row = firstUnit(rows, part, parts)
  while (row < end) {
    const image = row / gridRows
    const y = row - image * gridRows
    const count = min(min(bandRows, gridRows - y), end - row)
    const top = y * stepRows - padTop
    let base: usize
    if (copies) {
      base = scratch
      const lines = (count - 1) * stepRows + taps
      copyPadded(source + <usize>image * height * width * pixel, height, width, pixel, top, -padLeft, lines, paddedWidth, scratch)
    } else {
      base = source + (<usize>(image * height + top) * width - padLeft) * pixel
    }
    band(base, count * gridColumns, target + <usize>image * imageBytes + <usize>y * rowBytes, weights, taps * elements, outputs, spill)
    row += count
  }
}

/** All outputs of `pixels` pixels, chunk by chunk. */
function band(source: usize, pixels: i32, target: usize, weights: usize, depth: i32, outputs: i32, spill: usize): void {
  const chunk = max<i32>(48, <i32>(CHUNK_BYTES / max<usize>(1, sourceStep) / 24) * 24)
  let x = 0
  let first = 0
  while (first < pixels) {
    const count = min(chunk, pixels - first)
    let panel = weights
    let to = target
    for (let output = 0; output < outputs; output += 8) {
      const lanes = min(8, outputs - output)
      if (lanes > 4) {
        if (lanes == 8) correlate4x8(count, x, source, to, panel)
        else partial(count, x, source, to, panel, lanes, spill)
        panel += (<usize>depth) << 5
      } else {
        if (lanes == 4) correlate6x4(count, x, source, to, panel)
        else if (lanes == 1) correlate6x1(count, x, source, to, panel)
        else partial(count, x, source, to, panel, lanes, spill)
        panel += (<usize>depth) << 4
      }
      to += 32
    }
    const columns = x + count
    const wraps = <usize>(columns / gridWidth)
    source += <usize>count * sourceStep + wraps * sourceRowSkip
    target += <usize>count * targetStep + wraps * targetRowSkip
    x = columns % gridWidth
    first += count
  }
}

/** A block whose last lanes are not outputs: computed beside the target, then the valid lanes are copied. */
function partial(count: i32, x: i32, source: usize, target: usize, panel: usize, lanes: i32, spill: usize): void {
  const step = targetStep
  const skip = targetRowSkip
  let done = 0
  while (done < count) {
    const size = min(lanes > 4 ? 4 : 6, count - done)
    setTarget(lanes > 4 ? 32 : 16, gridWidth * (lanes > 4 ? 32 : 16), gridWidth)
    if (lanes > 4) correlate4x8(size, x, source, spill, panel)
    else correlate6x4(size, x, source, spill, panel)
    let from = spill
    for (let i = 0; i < size; i++) {
      for (let lane = 0; lane < lanes; lane++) store<f32>(target + ((<usize>lane) << 2), load<f32>(from + ((<usize>lane) << 2)))
      from += lanes > 4 ? 32 : 16
      source += sourceStep
      target += step
      if (++x == gridWidth) {
        x = 0
        source += sourceRowSkip
        target += skip
      }
    }
    done += size
  }
  setTarget(step, skip + step * gridWidth, gridWidth)
}
