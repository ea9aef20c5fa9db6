import { readFileSync } from 'node:fs'
import { decodeNpy } from '@audiotag/melspec'

const folder = new URL('golden/', import.meta.url)

/** A golden file's bytes; not a Buffer, whose slice() is no copy. */
export const goldenBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, folder)))

export const goldenJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))

export const goldenNpy = (path: string): { data: Float32Array; shape: readonly number[] } => {
  const { data, shape } = decodeNpy(goldenBytes(path))
  if (!(data instanceof Float32Array)) throw new Error(`${path} is not <f4`)
  return { data, shape }
}
