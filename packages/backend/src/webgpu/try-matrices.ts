import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import { hasMatrices } from './matrix-product.js'
import { runProduct } from './run-product.js'

/** Rows, columns and terms of the product that is tried: one tile. */
const SIZE = 64

/**
 * Makes half floats be multiplied by matrix units if the device has them and a product of whole numbers comes out right. Matrices are not in WebGPU yet: a driver that
 * refuses such a program, or computes something else, goes on without.
 */
export async function tryMatrices(gpu: GpuBackend, info: GPUAdapterInfo): Promise<void> {
  const { device, precision } = gpu
  if (!hasMatrices(device, info)) return
  const a = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7) % 11) - 5)
  const b = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 5) % 13) - 6)
  const made = [a, b].map((values): TensorInfo => {
    const shape = [SIZE, SIZE]
    return { dataId: gpu.write(values, shape, 'float32'), shape, dtype: 'float32' }
  })
  const y = gpu.output([SIZE, SIZE])
  let errors: Promise<(GPUError | null)[]>
  device.pushErrorScope('internal')
  device.pushErrorScope('validation')
  try {
    // So that it runs by matrices; what others run while its numbers are awaited does not.
    gpu.precision = 'float16'
    gpu.matrices = true
    runProduct(gpu, {
      key: 'matrices tried',
      half: true,
      vectors: true,
      a: made[0],
      b: made[1],
      y,
      rows: SIZE,
      columns: SIZE,
      inner: SIZE,
      words: [],
      source: () => ({
        words: [],
        wholeSums: true,
        start: '',
        a: { buffer: 'a', width: 4, along: 'sum', whole: true, prepare: '', locate: `place = m * ${SIZE} + k;` },
        b: { buffer: 'b', width: 4, along: 'side', whole: true, prepare: '', locate: `place = k * ${SIZE} + m;` },
        store: `place = m * ${SIZE};`,
      }),
    })
    gpu.flush()
  } finally {
    gpu.precision = precision
    gpu.matrices = false
    errors = Promise.all([device.popErrorScope(), device.popErrorScope()])
  }
  try {
    if ((await errors).some((error) => error !== null)) return
    const numbers = (await gpu.read(y.dataId)) as Float32Array
    gpu.matrices = numbers.every((number, i) => number === product(a, b, Math.floor(i / SIZE), i % SIZE))
  } finally {
    for (const { dataId } of [...made, y]) gpu.disposeData(dataId)
  }
}

function product(a: Float32Array, b: Float32Array, row: number, column: number): number {
  let sum = 0
  for (let k = 0; k < SIZE; k++) sum += a[row * SIZE + k] * b[k * SIZE + column]
  return sum
}
