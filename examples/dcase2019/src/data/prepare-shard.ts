import { join } from 'node:path'

import { encodeNpy } from '@audiotag/melspec'

import { writeFileWhole } from '../run/files.js'
import { clipFileName } from './clip-files.js'
import type { ClipFile, ClipReader } from './clip-files.js'
import { DataError } from './data-error.js'
import type { DataProblem } from './data-error.js'
import { extractClip } from './extract-clip.js'
import type { FeatureSettings } from './extract-clip.js'
import type { ClipPlace, Shard, ShardFile } from './feature-index.js'

/** Clips that are prepared together, by one worker. JSON-safe. */
export interface ShardJob {
  /** Feature folder. */
  readonly out: string
  /** First part of the file names. */
  readonly name: string
  /** Of everything the shard depends on. */
  readonly key: string
  readonly settings: FeatureSettings
  readonly clips: readonly { readonly name: string; readonly file: ClipFile | null; readonly knownBad: boolean }[]
  /** Write the shard even if clips of it are bad. */
  readonly skipBad: boolean
}

/** What came out of it; also the content of `NAME.json`, which marks the shard as done. */
export interface ShardResult extends Shard {
  readonly key: string
  /** In the order of the job; null for a clip that is bad or missing. */
  readonly clips: readonly (Omit<ClipPlace, 'shard'> | null)[]
  readonly problems: readonly DataProblem[]
}

/**
 * Decodes the clips of a shard, writes its npy files, then its `NAME.json`, each whole or not at all. What is written depends on the
 * job alone. With bad clips and no `skipBad` nothing is written.
 *
 * @throws DataError `disk`
 */
export async function prepareShard(job: ShardJob, reader: ClipReader, progress: (clips: number) => void): Promise<ShardResult> {
  const { out, name, key, settings, skipBad } = job
  const mels: Float32Array[] = []
  const waveforms: Float32Array[] = []
  const clips: (Omit<ClipPlace, 'shard'> | null)[] = []
  const problems: DataProblem[] = []
  let melOffset = 0
  let waveformOffset = 0
  for (const clip of job.clips) {
    try {
      if (clip.file === null) clips.push(null)
      else {
        const { samples, mel } = await extractClip(await reader.read(clip.file), clipFileName(clip.file), settings, !clip.knownBad)
        clips.push({ frames: mel?.frames ?? 0, samples: samples.length, melOffset, waveformOffset })
        if (mel !== null) {
          mels.push(mel.data)
          melOffset += mel.data.length
        }
        if (settings.waveform) {
          waveforms.push(samples)
          waveformOffset += samples.length
        }
      }
    } catch (error) {
      if (!(error instanceof DataError) || error.code === 'disk') throw error
      clips.push(null)
      if (!clip.knownBad) problems.push({ code: error.code, file: error.file ?? clip.name, clip: clip.name, message: error.message })
    }
    progress(1)
  }
  const write = (kind: string, parts: readonly Float32Array[], values: number): ShardFile => {
    const file = `${name}.${kind}.npy`
    if (problems.length === 0 || skipBad) writeWhole(join(out, file), encodeNpy({ data: joined(parts, values), shape: [values] }))
    return { file, values }
  }
  const result: ShardResult = {
    key,
    mel: settings.mel === null ? null : write('mel', mels, melOffset),
    waveform: settings.waveform ? write('waveform', waveforms, waveformOffset) : null,
    clips,
    problems,
  }
  if (problems.length === 0 || skipBad) writeWhole(join(out, `${name}.json`), `${JSON.stringify(result)}\n`)
  return result
}

/**
 * Writes a file whole or not at all.
 *
 * @throws DataError `disk` that says what to do about it
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    writeFileWhole(path, content)
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    throw new DataError('disk', `${(error as Error).message} ${wayOut(cause?.code)}`, { file: path })
  }
}

function wayOut(code: string | undefined): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'The disk is full: free some space and run again; what is done stays done.'
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'The folder is read-only: choose another one.'
  return 'Choose another folder, or run again; what is done stays done.'
}

function joined(parts: readonly Float32Array[], values: number): Float32Array {
  const all = new Float32Array(values)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
