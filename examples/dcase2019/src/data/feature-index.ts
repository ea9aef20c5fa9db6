import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { DataError } from './data-error.js'
import type { DataProblem } from './data-error.js'
import type { FeatureSettings } from './extract-clip.js'
import type { LayoutName, SplitName } from './layout.js'

/** Version of the folder; another one is prepared again. */
export const featureFormat = 1

/** `index.json` of a feature folder: written last, so a folder with it is complete. */
export interface FeatureIndex {
  readonly format: typeof featureFormat
  /** SHA-256 of everything the features depend on: settings, versions, tables, size of every sound. */
  readonly hash: string
  readonly layout: LayoutName
  readonly classes: readonly string[]
  readonly features: FeatureSettings
  readonly versions: Readonly<Record<string, string>>
  readonly splits: Readonly<Record<SplitName, IndexedSplit>>
  /** Clips left out because their audio is bad. */
  readonly problems: readonly DataProblem[]
}

export interface IndexedSplit {
  readonly shards: readonly Shard[]
  /** All rows of the table, in its order. */
  readonly clips: readonly IndexedClip[]
}

/** Some dozen clips in a file each for mel and samples: 1-d float32 npy, clip after clip. */
export interface Shard {
  readonly mel: ShardFile | null
  readonly waveform: ShardFile | null
}

export interface ShardFile {
  /** Name in the feature folder. */
  readonly file: string
  /** Numbers in it. */
  readonly values: number
}

export interface IndexedClip {
  readonly name: string
  readonly labels: readonly string[] | null
  readonly usage?: 'Public' | 'Private'
  readonly kept: boolean
  readonly reason?: string
  readonly knownBad?: true
  /** null: no features (the audio is bad or missing). */
  readonly features: ClipPlace | null
}

/** Where a clip lies: `[bins, frames]` values of the mel from `melOffset` on, `samples` values of the waveform from `waveformOffset` on. */
export interface ClipPlace {
  readonly shard: number
  readonly frames: number
  readonly samples: number
  readonly melOffset: number
  readonly waveformOffset: number
}

/** NumPy's header for a 1-d array: 128 bytes in all, for any length below 10^18. */
export const npyHeaderBytes = 128

/**
 * Reads and checks `index.json`, and that every shard is there in full.
 *
 * @throws DataError `missing-data`: nothing prepared there; `features`: damaged, or of another version
 */
export function readFeatureIndex(dir: string): FeatureIndex {
  const file = join(dir, 'index.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new DataError('missing-data', `no features in ${dir}. Run \`dcase2019 prepare\`.`, { file })
    }
    throw new DataError('disk', `${file}: cannot be read (${(error as Error).message}).`, { file })
  }
  const again = 'Run `dcase2019 prepare` again.'
  let index: FeatureIndex
  try {
    index = JSON.parse(text) as FeatureIndex
  } catch (error) {
    throw new DataError('features', `${file}: is damaged (${(error as Error).message}). ${again}`, { file })
  }
  if ((index.format as number) !== featureFormat) {
    throw new DataError('features', `${file}: has format ${String(index.format)}, this program reads ${String(featureFormat)}. ${again}`, {
      file,
    })
  }
  const broken = damagedShard(dir, index)
  if (broken !== undefined) throw new DataError('features', `${broken} ${again}`, { file: dir })
  return index
}

/** What is wrong with the first shard that is missing or of another size, or undefined. */
function damagedShard(dir: string, { splits }: FeatureIndex): string | undefined {
  for (const shard of Object.values(splits).flatMap((split) => split.shards)) {
    for (const part of [shard.mel, shard.waveform]) {
      if (part === null) continue
      const fault = shardFault(dir, part)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

/** What is wrong with a shard file, or undefined. */
export function shardFault(dir: string, { file, values }: ShardFile): string | undefined {
  const path = join(dir, file)
  const expected = npyHeaderBytes + values * 4
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return `${path}: is missing.`
  return size === expected ? undefined : `${path}: has ${size} bytes, expected ${expected}.`
}
