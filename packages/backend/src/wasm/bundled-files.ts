/** TensorFlow.js's own WebAssembly files; written out so that bundlers find them. It cannot find them itself in a module. */
const FILES = {
  plain: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm', import.meta.url),
  shared: new URL('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url),
}

/** Where a bundler has put TensorFlow.js's own WebAssembly files, as `setWasmPaths` takes it; nothing where none has. */
export async function bundledFiles(): Promise<Readonly<Record<string, string>> | undefined> {
  if (FILES.plain.protocol === 'file:') return undefined
  let { plain, shared } = FILES
  // As written, the name of the package stands in this package's folder or beside the bundle; a dev server puts it where it is installed.
  if (plain.pathname.includes('/@tensorflow/tfjs-backend-wasm/') && !plain.pathname.includes('/node_modules/@tensorflow/')) {
    // Vite's dev server takes it for a folder of this package. Peers are installed beside each other.
    plain = besideThisPackage(plain)
    shared = besideThisPackage(shared)
    if (!(await isServed(plain))) return undefined
  }
  return {
    // Asked for, too, and never loaded: engines without SIMD are refused.
    'tfjs-backend-wasm.wasm': plain.href,
    'tfjs-backend-wasm-simd.wasm': plain.href,
    'tfjs-backend-wasm-threaded-simd.wasm': shared.href,
  }
}

function besideThisPackage(url: URL): URL {
  return new URL(url.href.replace('/node_modules/@audiotag/backend/dist/wasm/@tensorflow/', '/node_modules/@tensorflow/'))
}

/** Dev servers answer with a page to what is not there. */
async function isServed(url: URL): Promise<boolean> {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD' })
    return ok && headers.get('Content-Type') === 'application/wasm'
  } catch {
    return false
  }
}
