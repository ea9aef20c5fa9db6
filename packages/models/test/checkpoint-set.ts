import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSafetensors, decodeTorchCheckpoint, type NamedArray, type TorchCheckpoint } from '@audiotag/models'
import type { Golden, GoldenInput } from './golden-net.js'

/** A file of the set, and how it must be read. */
export interface CheckpointFile {
  readonly file: string
  readonly about: string
  readonly outcome: 'ok' | 'error' | 'either'
  readonly tensors?: string
  readonly prefix?: string
  readonly root?: string
  readonly scalars?: Record<string, unknown>
  readonly otherTensors?: string
  readonly net?: string
  /** Not stored: the first 60 % of this file. */
  readonly cutFrom?: string
}

interface CheckpointNet {
  readonly net: string
  readonly options: { readonly width: number; readonly classes?: number; readonly heads?: number }
  readonly input: GoldenInput
  readonly logits: Record<string, Golden>
}

/** Folder with every file of the full set, of which the repository holds a selection. */
const folder = process.env['AUDIOTAG_CHECKPOINTS'] ?? fileURLToPath(new URL('golden/checkpoints', import.meta.url))
if (process.env['AUDIOTAG_CHECKPOINTS'] !== undefined) process.stdout.write(`checkpoints: those of ${folder}\n`)

export const checkpointSet = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as {
  readonly seed: number
  readonly files: readonly CheckpointFile[]
  readonly nets: Record<string, CheckpointNet>
  readonly tensorSets: Record<string, Record<string, { shape: number[]; sha256: string }>>
}

export function checkpointBytes({ file, cutFrom }: Pick<CheckpointFile, 'file' | 'cutFrom'>): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(readFileSync(path.join(folder, cutFrom ?? file)))
  return cutFrom === undefined ? bytes : bytes.subarray(0, Math.floor((bytes.length * 3) / 5))
}

export async function readCheckpoint(entry: Pick<CheckpointFile, 'file' | 'cutFrom'>): Promise<TorchCheckpoint> {
  const bytes = checkpointBytes(entry)
  if (!entry.file.endsWith('.safetensors')) return decodeTorchCheckpoint(bytes)
  return { tensors: decodeSafetensors(bytes).tensors, root: '', scalars: {}, otherTensors: {} }
}

/** Name → shape and hash of the values as float32, as the index has them. */
export function described(tensors: Record<string, NamedArray>): Record<string, { shape: readonly number[]; sha256: string }> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [
      name,
      {
        shape,
        sha256: createHash('sha256')
          .update(Float32Array.from(data as Float32Array, Number))
          .digest('hex'),
      },
    ]),
  )
}

/** What `described` must give for a set of the index, with `prefix` before each name. */
export function expectedSet(set: string, prefix = ''): Record<string, { shape: readonly number[]; sha256: string }> {
  return Object.fromEntries(
    Object.entries(checkpointSet.tensorSets[set]).map(([name, { shape, sha256 }]) => [`${prefix}${name}`, { shape, sha256 }]),
  )
}
