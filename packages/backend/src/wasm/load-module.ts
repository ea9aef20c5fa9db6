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
