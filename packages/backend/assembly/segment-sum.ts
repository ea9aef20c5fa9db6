// Rows added up by the segment they belong to: the gradient of gather.
import { address, firstUnit, word } from './simd'

/**
 * Words: x, rows, elements a row, segment ids (int32), segments, target (zero before). Ids outside of the segments are left out.
 * Parts share out the columns, so every sum runs over the rows in order.
 */
export function segmentSum(parameters: usize, part: i32, parts: i32): void {
  const rows = word(parameters, 1)
  const elements = word(parameters, 2)
  const ids = address(parameters, 3)
  const segments = word(parameters, 4)
  const target = address(parameters, 5)
  const first = (<usize>firstUnit(elements, part, parts)) << 2
  const end = (<usize>firstUnit(elements, part + 1, parts)) << 2
  const pitch = (<usize>elements) << 2
  let x = address(parameters, 0)
  for (let row = 0; row < rows; row++) {
    const segment = load<i32>(ids + ((<usize>row) << 2))
    if (segment >= 0 && segment < segments) {
      const to = target + <usize>segment * pitch
      for (let i = first; i < end; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(x + i))
    }
    x += pitch
  }
}
