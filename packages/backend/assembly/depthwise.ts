// Gradients of depthwise convolution: each input channel has its own filters, `multiplier` of them.
import { address, firstUnit, multiplyAdd, word } from './simd'

/** First index of a tap whose pixel `start + tap` is not before 0. */
function firstTap(start: i32): i32 {
  return max(0, -start)
}

/** Past the last tap whose pixel is before `size`. */
function lastTap(start: i32, taps: i32, size: i32): i32 {
  return min(taps, size - start)
}

/**
 * The gradient by the input, which is zero before; parts share out the images. Words: dx, batch, height, width, channels, multiplier, tap rows, columns,
 * step rows, columns, pad top, left, output height, width, dy, filter.
 */
export function depthwiseInput(parameters: usize, part: i32, parts: i32): void {
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const channels = word(parameters, 4)
  const multiplier = word(parameters, 5)
  const tapRows = word(parameters, 6)
  const tapColumns = word(parameters, 7)
  const gridRows = word(parameters, 12)
  const gridColumns = word(parameters, 13)
  const filter = address(parameters, 15)
  const pixel = (<usize>channels) << 2
  const outputPixel = pixel * multiplier
  const quads = multiplier == 1 ? channels & ~3 : 0
  const end = firstUnit(word(parameters, 1), part + 1, parts)
  for (let image = firstUnit(word(parameters, 1), part, parts); image < end; image++) {
    const base = address(parameters, 0) + <usize>image * height * width * pixel
    let dy = address(parameters, 14) + <usize>image * gridRows * gridColumns * outputPixel
    for (let row = 0; row < gridRows; row++) {
      const top = row * word(parameters, 8) - word(parameters, 10)
      for (let column = 0; column < gridColumns; column++) {
        const left = column * word(parameters, 9) - word(parameters, 11)
        for (let i = firstTap(top); i < lastTap(top, tapRows, height); i++) {
          for (let j = firstTap(left); j < lastTap(left, tapColumns, width); j++) {
            const dx = base + <usize>((top + i) * width + left + j) * pixel
            const weights = filter + <usize>(i * tapColumns + j) * outputPixel
            for (let channel = 0; channel < quads; channel += 4) {
              const at = (<usize>channel) << 2
              v128.store(dx + at, multiplyAdd(v128.load(dy + at), v128.load(weights + at), v128.load(dx + at)))
            }
            for (let channel = quads; channel < channels; channel++) {
              const at = (<usize>channel) << 2
              let sum = load<f32>(dx + at)
              for (let k = 0; k < multiplier; k++) {
                const output = (<usize>(channel * multiplier + k)) << 2
                sum += load<f32>(dy + output) * load<f32>(weights + output)
              }
              store<f32>(dx + at, sum)
            }
          }
        }
        dy += outputPixel
      }
    }
  }
}

/** The gradient by the filters; parts share out the taps. Words as of depthwiseInput, with x in place of dx and dw in place of the filter. */
export function depthwiseFilter(parameters: usize, part: i32, parts: i32): void {
  const batch = word(parameters, 1)
  const height = word(parameters, 2)
  const width = word(parameters, 3)
  const channels = word(parameters, 4)
  const multiplier = word(parameters, 5)
  const tapColumns = word(parameters, 7)
  const stepRows = word(parameters, 8)
  const stepColumns = word(parameters, 9)
  const gridRows = word(parameters, 12)
  const gridColumns = word(parameters, 13)
  const pixel = (<usize>channels) << 2
  const outputPixel = pixel * multiplier
  const quads = multiplier == 1 ? channels & ~3 : 0
  const taps = word(parameters, 6) * tapColumns
  const end = firstUnit(taps, part + 1, parts)
  for (let tap = firstUnit(taps, part, parts); tap < end; tap++) {
    const top = tap / tapColumns - word(parameters, 10)
    const left = (tap % tapColumns) - word(parameters, 11)
    const target = address(parameters, 15) + <usize>tap * outputPixel
    for (let channel = 0; channel < quads; channel += 4) v128.store(target + ((<usize>channel) << 2), f32x4.splat(0))
    for (let output = quads; output < channels * multiplier; output++) store<f32>(target + ((<usize>output) << 2), 0)
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < gridRows; row++) {
        const y = row * stepRows + top
        if (y < 0 || y >= height) continue
        for (let column = 0; column < gridColumns; column++) {
          const x = column * stepColumns + left
          if (x < 0 || x >= width) continue
          const from = address(parameters, 0) + <usize>((image * height + y) * width + x) * pixel
          const dy = address(parameters, 14) + <usize>((image * gridRows + row) * gridColumns + column) * outputPixel
          for (let channel = 0; channel < quads; channel += 4) {
            const at = (<usize>channel) << 2
            v128.store(target + at, multiplyAdd(v128.load(from + at), v128.load(dy + at), v128.load(target + at)))
          }
          for (let channel = quads; channel < channels; channel++) {
            const value = load<f32>(from + ((<usize>channel) << 2))
            for (let k = 0; k < multiplier; k++) {
              const output = (<usize>(channel * multiplier + k)) << 2
              store<f32>(target + output, load<f32>(target + output) + value * load<f32>(dy + output))
            }
          }
        }
      }
    }
  }
}
