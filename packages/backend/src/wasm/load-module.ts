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

/** Compiles a WebAssembly file that lies beside this package's code, in Node and in browsers. */
export async function loadModule(file: string): Promise<WebAssembly.Module> {
  const url = new URL(`../${file}`, import.meta.url)
  if (url.protocol === 'file:') {
    // No import of node:fs, so that bundlers for browsers need no exception.
    const { readFile } = process.getBuiltinModule('node:fs/promises')
    return WebAssembly.compile(await readFile(url))
  }
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.href}: HTTP status ${response.status}`)
  return WebAssembly.compile(await response.arrayBuffer())
}
