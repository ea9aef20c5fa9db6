import type { TensorInfo, TileAttrs } from '@tensorflow/tfjs-core'

import type { OwnKernels } from './own-kernels.js'

/** Numbers from which on copying them at once beats one by one. */
const AT_ONCE = 32

/** Tile by copies of what is written already. Stock, it takes some 80 ns a number. */
export const tileKernel: OwnKernels = (heapOf, stock) => ({
  Tile: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { reps } = args.attrs as unknown as TileAttrs
    if (x.dtype !== 'float32') return stock('Tile')(args)
    const heap = heapOf(args.backend)
    const y = heap.output(x.shape.map((size, axis) => size * reps[axis]))
    const target = heap.view(y)
    if (target.length > 0) tile(heap.view(x), x.shape, reps, target)
    return y
  },
})

function tile(source: Float32Array, shape: readonly number[], reps: readonly number[], target: Float32Array): void {
  const last = reps.findLastIndex((times) => times > 1)
  const run = shape.slice(Math.max(0, last)).reduce((product, size) => product * size, 1)
  let from = 0
  let to = 0
  const write = (axis: number): void => {
    const start = to
    if (axis >= last) {
      if (run < AT_ONCE) for (let i = 0; i < run; i++) target[to + i] = source[from + i]
      else target.set(source.subarray(from, from + run), to)
      from += run
      to += run
    } else {
      for (let i = 0; i < shape[axis]; i++) write(axis + 1)
    }
    const written = to - start
    const end = start + written * (reps[axis] ?? 1)
    while (to < end) {
      const count = Math.min(to - start, end - to)
      if (count < AT_ONCE) for (let i = 0; i < count; i++) target[to + i] = target[start + i]
      else target.copyWithin(to, start, start + count)
      to += count
    }
  }
  write(0)
}
