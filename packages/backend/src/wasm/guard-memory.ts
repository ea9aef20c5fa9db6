import { util } from '@tensorflow/tfjs-core'
import type { KernelFunc } from '@tensorflow/tfjs-core'

import { outOfMemory } from './heap.js'
import { safeMalloc } from './safe-malloc.js'
import type { WasmBackend } from './wasm-backend.js'

/**
 * Makes an allocation that fails an error. Stock, the tensor would be created at address 0, over the module's own data,
 * and every result from then on would be wrong.
 */
export function guardMemory(backend: WasmBackend, memory: WebAssembly.Memory): void {
  const { wasm } = backend
  // Not Emscripten's own entry, which replaces itself at its first call and would replace ours.
  const malloc = safeMalloc(backend, memory)
  let shape: readonly number[] = []
  wasm._malloc = (bytes: number): number => {
    const pointer = malloc(bytes)
    if (pointer === 0 && bytes > 0) throw outOfMemory(`a tensor [${shape.join(', ')}]`, bytes, memory.buffer.byteLength)
    return pointer
  }
  const move = backend.move.bind(backend)
  backend.move = (dataId, values, tensorShape, dtype, references) => {
    if (dtype !== 'string' && util.sizeFromShape(tensorShape) * util.bytesPerElement(dtype) >= 2 ** 32) {
      throw outOfMemory(`a tensor [${tensorShape.join(', ')}]`, util.sizeFromShape(tensorShape) * 4, memory.buffer.byteLength)
    }
    shape = tensorShape
    move(dataId, values, tensorShape, dtype, references)
  }
  const write = backend.write.bind(backend)
  backend.write = (values, tensorShape, dtype) => {
    const dataId = write(values, tensorShape, dtype)
    made?.push(dataId)
    return dataId
  }
}

/** What the kernels that run now have made. */
let made: object[] | undefined

/** A kernel that, where it throws, frees what it has made until then: TensorFlow.js learns of outputs only from kernels that return. */
export function freeOnError(kernel: KernelFunc): KernelFunc {
  return (call) => {
    const outer = made
    const own: object[] = []
    made = own
    try {
      return kernel(call)
    } catch (error) {
      for (const dataId of own.splice(0)) (call.backend as WasmBackend).disposeData(dataId, true)
      throw error
    } finally {
      made = outer
      outer?.push(...own)
    }
  }
}
