import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { MissingError } from '../cli/errors.js'

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
    removeIfThere(temporary)
    throw new Error(`cannot write ${path}: ${(cause as Error).message}. What was there before is unchanged.`, { cause })
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // its folder cannot be used at all: that is the error to tell
  }
}

export function writeJson(path: string, value: unknown): void {
  writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`)
}

/**
 * Reads a file and decodes it.
 * @param command what makes the file
 * @throws MissingError when it is not there, Error when it is damaged; both name the file and `command`
 */
export function readWhole<T>(path: string, decode: (bytes: Uint8Array) => T, command: string): T {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingError(`${path} is not there. Run: ${command}`)
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return decode(bytes)
  } catch (cause) {
    throw new Error(`${path} is damaged: ${(cause as Error).message} Remove it, then run: ${command}`, { cause })
  }
}

/** The parsed file, or undefined when it is not there. Throws when it is there and no JSON. */
export function readJson<T>(path: string): T | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new Error(`${path} is not JSON: ${(cause as Error).message}. Remove it, or start over with --fresh.`, { cause })
  }
}
