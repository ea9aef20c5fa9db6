import * as tf from '@tensorflow/tfjs-core'

interface Backend {
  write: (values: unknown, shape: number[], dtype: string) => object
  disposeData: (id: object, force?: boolean) => boolean
}

/** Most bytes that live in the current backend at once while `run` runs, above those from before. Tensors that share memory count once. */
export async function peakBytes(run: () => unknown): Promise<number> {
  const backend = tf.backend() as unknown as Backend
  const { write, disposeData } = backend
  const sizes = new Map<object, number>()
  let [bytes, peak] = [0, 0]
  backend.write = (values, shape, dtype) => {
    const id = write.call(backend, values, shape, dtype)
    const size = shape.reduce((product, n) => product * n, 4)
    sizes.set(id, size)
    bytes += size
    peak = Math.max(peak, bytes)
    return id
  }
  backend.disposeData = (id, force) => {
    const gone = disposeData.call(backend, id, force)
    if (gone) bytes -= sizes.get(id) ?? 0
    if (gone) sizes.delete(id)
    return gone
  }
  try {
    await run()
  } finally {
    Object.assign(backend, { write, disposeData })
  }
  return peak
}
