/** TensorFlow.js's own WebAssembly files; written out so that bundlers find them. It cannot find them itself in a module. */
const FILES = {
  plain: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm', import.meta.url),
  shared: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url),
}

/** Where a bundler has put TensorFlow.js's own WebAssembly files, as `setWasmPaths` takes it; nothing where none has. */
export function bundledFiles(): Readonly<Record<string, string>> | undefined {
  const { pathname } = FILES.plain
  // As written, the name of the package stands in this package's folder or beside the bundle; a dev server puts it where it is installed.
  if (pathname.includes('/@tensorflow/tfjs-backend-wasm/') && !pathname.includes('/node_modules/@tensorflow/')) return undefined
  return {
    // Asked for, too, and never loaded: engines without SIMD are refused.
    'tfjs-backend-wasm.wasm': FILES.plain.href,
    'tfjs-backend-wasm-simd.wasm': FILES.plain.href,
    'tfjs-backend-wasm-threaded-simd.wasm': FILES.shared.href,
  }
}
