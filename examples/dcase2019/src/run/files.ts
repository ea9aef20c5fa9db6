import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes a whole file or nothing: to a temporary name in the same folder, flushed, then renamed. Errors name the file; the old content stays. */
export function writeFileWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.part`
  try {
    mkdirSync(dirname(path), { recursive: true })
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const file = openSync(temporary, 'w')
    try {
      for (let done = 0; done < bytes.byteLength;) done += writeSync(file, bytes, done)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw new Error(`cannot write ${path}: ${(cause as Error).message}. What was there before is unchanged.`, { cause })
  }
}

export function writeJson(path: string, value: unknown): void {
  writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** The parsed file, or undefined when it is not there. Throws when it is there and no JSON. */
export function readJson<T>(path: string): T | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new Error(`${path} is not JSON: ${(cause as Error).message}. Remove it, or start over with --fresh.`, { cause })
  }
}
