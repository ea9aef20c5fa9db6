import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'

/** TensorFlow.js's wasm backend with what this package uses of its Emscripten module, which the published types leave out. */
export type WasmBackend = Omit<BackendWasm, 'wasm'> & {
  wasm: {
    /** Exports of the WebAssembly instance. */
    asm: Record<string, unknown>
    /** Allocates; 0 when there is no memory left. Negative above 2 GiB. */
    _malloc(bytes: number): number
    _free(pointer: number): void
    tfjs: {
      registerTensor(id: number, elements: number, address: number): void
      /** Forgets a tensor and what was derived from it; frees nothing. */
      disposeData(id: number): void
    }
  }
}
