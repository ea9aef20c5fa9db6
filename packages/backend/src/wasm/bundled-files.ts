/** TensorFlow.js's own WebAssembly files; written out so that bundlers find them. It cannot find them itself in a module. */
const FILES = {
  plain: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm', import.meta.url),
  shared: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url),
}

/** Where a bundler has put TensorFlow.js's own WebAssembly files, as `setWasmPaths` takes it; nothing where no bundler was at work. */
export function bundledFiles(): Readonly<Record<string, string>> | undefined {
  if (FILES.plain.pathname.includes('/wasm/@tensorflow/')) return undefined
  // The first is asked for, too, and never loaded: engines without SIMD are refused.
  return {
    'tfjs-backend-wasm.wasm': FILES.plain.href,
    'tfjs-backend-wasm-simd.wasm': FILES.plain.href,
    'tfjs-backend-wasm-threaded-simd.wasm': FILES.shared.href,
  }
}
