import { BackendError } from '../errors.js'

/** (module (func (result v128) relaxed_madd of three constants)), to ask the engine whether it knows relaxed SIMD. */
const RELAXED = [
  [0, 97, 115, 109, 1, 0, 0, 0],
  [1, 5, 1, 96, 0, 1, 123],
  [3, 2, 1, 0],
  [10, 19, 1, 17, 0, 65, 1, 253, 15, 65, 2, 253, 15, 65, 3, 253, 15, 253, 133, 2, 11],
].flat()

/** (module (func (result v128) i8x16.splat of a constant)). */
const PLAIN = [
  [0, 97, 115, 109, 1, 0, 0, 0],
  [1, 5, 1, 96, 0, 1, 123],
  [3, 2, 1, 0],
  [10, 8, 1, 6, 0, 65, 1, 253, 15, 11],
].flat()

/** Whether the engine has SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(new Uint8Array(PLAIN))
}

/** Whether the engine has relaxed SIMD. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(new Uint8Array(RELAXED))
}

/** Where the builds lie; written out so that bundlers find them. */
const FILES = {
  plain: new URL('../kernels.wasm', import.meta.url),
  relaxed: new URL('../kernels-relaxed.wasm', import.meta.url),
  sharedPlain: new URL('../kernels-shared.wasm', import.meta.url),
  sharedRelaxed: new URL('../kernels-shared-relaxed.wasm', import.meta.url),
}

/** A file of dist/, for Node. Written out with import.meta.url, bundlers would copy a script as it is, or write the folder of the build into the bundle. */
export function fileOfPackage(path: string): URL {
  return new URL(path, FILES.plain)
}

/** Compiles this package's kernels, for plain or shared memory, with plain or relaxed SIMD; in Node and in browsers. */
export async function loadModule(shared: boolean, simd: 'plain' | 'relaxed'): Promise<WebAssembly.Module> {
  const url = shared ? (simd === 'plain' ? FILES.sharedPlain : FILES.sharedRelaxed) : FILES[simd]
  try {
    if (url.protocol === 'file:') {
      // No import of node:fs, so that bundlers for browsers need no exception.
      const { readFile } = process.getBuiltinModule('node:fs/promises')
      return await WebAssembly.compile(await readFile(url))
    }
    const response = await fetch(url)
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    return await WebAssembly.compile(await response.arrayBuffer())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BackendError('start', `useWasm: cannot load ${url.href}: ${reason}. Build the package, or serve its dist folder whole.`, {
      cause: error,
    })
  }
}
