import type { DataId, TensorInfo } from '@tensorflow/tfjs-core'

import type { WasmBackend } from './wasm-backend.js'

/** The two float32 tensors that a complex one is made of. */
export interface ComplexParts {
  readonly real: TensorInfo
  readonly imag: TensorInfo
}

const partsOf = new WeakMap<DataId, ComplexParts>()
const extended = new WeakSet<WasmBackend>()

/** A complex tensor of two float32 ones, which belong to it from then on. */
export function joinComplex(backend: WasmBackend, real: TensorInfo, imag: TensorInfo): TensorInfo {
  extendBackend(backend)
  const dataId = {}
  // As a string: nothing of its own on the heap.
  backend.move(dataId, [] as never, real.shape, 'string', 1)
  partsOf.set(dataId, { real, imag })
  return { dataId, shape: real.shape, dtype: 'complex64' }
}

/** The parts of a complex tensor, in its shape; they stay its own. */
export function splitComplex({ dataId, shape }: TensorInfo): ComplexParts {
  const parts = partsOf.get(dataId)
  if (!parts) throw new Error('wasm: a complex tensor without parts')
  return { real: { ...parts.real, shape }, imag: { ...parts.imag, shape } }
}

/** A float32 tensor with the same elements and memory of its own. */
export function copyFloats(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const y = backend.makeOutput(x.shape, 'float32')
  backend.typedArrayFromHeap(y).set(backend.typedArrayFromHeap(x))
  return y
}

/** Teaches TensorFlow.js's backend to read complex tensors, real and imaginary parts alternating, and to free them. */
function extendBackend(backend: WasmBackend): void {
  if (extended.has(backend)) return
  extended.add(backend)
  const readSync = backend.readSync.bind(backend)
  const disposeData = backend.disposeData.bind(backend)
  backend.readSync = (dataId, start, end) => {
    const parts = partsOf.get(dataId)
    if (!parts) return readSync(dataId, start, end)
    const [real, imag] = [readSync(parts.real.dataId, start, end), readSync(parts.imag.dataId, start, end)] as Float32Array[]
    const values = new Float32Array(real.length * 2)
    for (let i = 0; i < real.length; i++) {
      values[2 * i] = real[i]
      values[2 * i + 1] = imag[i]
    }
    return values
  }
  backend.disposeData = (dataId, force) => {
    const gone = disposeData(dataId, force)
    const parts = gone ? partsOf.get(dataId) : undefined
    if (parts) {
      partsOf.delete(dataId)
      disposeData(parts.real.dataId)
      disposeData(parts.imag.dataId)
    }
    return gone
  }
}
