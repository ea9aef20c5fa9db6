import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'

import type { Spectrogram, Waveform } from '@audiotag/melspec'

import { DataError } from './data-error.js'
import { npyHeaderBytes, readFeatureIndex } from './feature-index.js'
import type { ClipPlace, FeatureIndex, ShardFile } from './feature-index.js'
import { splitNames } from './layout.js'
import type { SplitName } from './layout.js'

/** What a model hears: mel power spectrograms (decibels come after augmentation) or samples. */
export type InputKind = 'logmel' | 'waveform'
export type InputOf<Kind extends InputKind> = Kind extends 'logmel' ? Spectrogram : Waveform

/** The clips of one split that are used; everything is by place, 0 … size − 1. */
export interface FeatureSplit {
  readonly size: number
  /** Rows of the table, bad ones included: what folds are made over. */
  readonly rowCount: number
  /** `[size]` row of the table. */
  readonly rows: readonly number[]
  /** `[size]` */
  readonly names: readonly string[]
  /** `[size]`; undefined where the data set has none. */
  readonly usage: readonly ('Public' | 'Private' | undefined)[]
  /** Multi-hot `[size, classes]`; null where labels are secret. */
  readonly labels: Float32Array | null
  /** Sizes of a clip, without reading it. */
  about(place: number): ClipSizes
}

export interface ClipSizes {
  readonly bins: number
  readonly frames: number
  readonly samples: number
  readonly sampleRate: number
}

/** Prepared features, open for reading. Not to be changed: clips may be views of a cache. */
export interface FeatureStore<Kind extends InputKind = InputKind> {
  readonly dropBad: boolean
  readonly dir: string
  /** Of the settings and data behind the features. */
  readonly hash: string
  readonly index: FeatureIndex
  readonly classes: readonly string[]
  readonly splits: Readonly<Record<SplitName, FeatureSplit>>
  /**
   * A clip, whole. @throws DataError `features`, `argument`
   */
  get(split: SplitName, place: number): InputOf<Kind>
  /** Power `[bins, frames]`. */
  mel(split: SplitName, place: number): Spectrogram
  waveform(split: SplitName, place: number): Waveform
  /** The cache, for a worker thread's store: see `OpenFeaturesOptions.shared`. Reads what fits. */
  share(): SharedFeatures
  close(): void
}

/** Shards in shared memory by file name: threads read the same bytes. */
export type SharedFeatures = ReadonlyMap<string, SharedArrayBuffer>

export interface OpenFeaturesOptions<Kind extends InputKind> {
  /** What `get` returns. Default `'logmel'`. */
  readonly input?: Kind
  /** Shards are kept in memory as they are first read, up to this many bytes; beyond, clips are read from disk. Default 1 GiB. */
  readonly cacheBytes?: number
  /** Leave out clips known to be bad. Clips whose audio could not be read are always left out. Default true. */
  readonly dropBad?: boolean
  /** What another store's `share` returned: nothing more is cached. */
  readonly shared?: SharedFeatures
}

/**
 * Opens a folder written by `prepare`.
 *
 * @throws DataError `missing-data`, `features`
 */
export function openFeatures<Kind extends InputKind = 'logmel'>(dir: string, options: OpenFeaturesOptions<Kind> = {}): FeatureStore<Kind> {
  const { input = 'logmel', cacheBytes = 2 ** 30, dropBad = true, shared } = options
  if (endianness() !== 'LE') throw new DataError('features', 'openFeatures: needs a little-endian machine.')
  const index = readFeatureIndex(dir)
  if ((input === 'logmel' ? index.features.mel : index.features.waveform || null) === null) {
    throw new DataError('features', `${dir}: holds no ${input} features. Run \`dcase2019 prepare\` with them.`, { file: dir })
  }
  const cache = new Map<string, SharedArrayBuffer>(shared)
  const handles = new Map<string, number>()
  let room = shared === undefined ? cacheBytes : 0
  let closed = false

  const handleOf = (file: string): number => {
    if (closed) throw new DataError('argument', `openFeatures: the store of ${dir} is closed.`)
    let handle = handles.get(file)
    if (handle === undefined) handles.set(file, (handle = openSync(join(dir, file), 'r')))
    return handle
  }
  const readInto = (target: Float32Array, file: string, offset: number): void => {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    const handle = handleOf(file)
    for (let done = 0; done < bytes.length;) {
      const read = readSync(handle, bytes, done, bytes.length - done, npyHeaderBytes + offset * 4 + done)
      if (read === 0) throw new DataError('features', `${join(dir, file)}: ends too early. Run \`dcase2019 prepare\` again.`, { file })
      done += read
    }
  }
  /** The whole shard, if it is or can be kept. */
  const cached = ({ file, values }: ShardFile): SharedArrayBuffer | undefined => {
    const known = cache.get(file)
    if (known !== undefined || values * 4 > room) return known
    const buffer = new SharedArrayBuffer(values * 4)
    readInto(new Float32Array(buffer), file, 0)
    room -= buffer.byteLength
    cache.set(file, buffer)
    return buffer
  }
  const values = (shard: ShardFile, offset: number, length: number): Float32Array => {
    const whole = cached(shard)
    if (whole !== undefined) return new Float32Array(whole, offset * 4, length)
    const own = new Float32Array(length)
    readInto(own, shard.file, offset)
    return own
  }

  const places = Object.fromEntries(splitNames.map((split) => [split, usedRows(index, split, dropBad)])) as Record<
    SplitName,
    readonly number[]
  >
  const placeOf = (split: SplitName, place: number): ClipPlace => {
    const row = places[split][place]
    if (row === undefined) {
      throw new DataError(
        'argument',
        `openFeatures: place must be an integer from 0 to ${places[split].length - 1} of ${split}, got ${place}.`,
      )
    }
    return index.splits[split].clips[row].features as ClipPlace
  }
  const bins = index.features.mel?.mels ?? 128
  const fileOf = (split: SplitName, kind: 'mel' | 'waveform', shard: number): ShardFile => {
    const file = index.splits[split].shards[shard][kind]
    if (file === null)
      throw new DataError('features', `${dir}: holds no ${kind} features. Run \`dcase2019 prepare\` with them.`, { file: dir })
    return file
  }
  const mel = (split: SplitName, place: number): Spectrogram => {
    const { shard, frames, melOffset } = placeOf(split, place)
    return { data: values(fileOf(split, 'mel', shard), melOffset, bins * frames), bins, frames }
  }
  const waveform = (split: SplitName, place: number): Waveform => {
    const { shard, samples, waveformOffset } = placeOf(split, place)
    return { samples: values(fileOf(split, 'waveform', shard), waveformOffset, samples), sampleRate: index.features.sampleRate }
  }
  const about = (split: SplitName, place: number): ClipSizes => {
    const { frames, samples } = placeOf(split, place)
    return { bins, frames, samples, sampleRate: index.features.sampleRate }
  }

  return {
    dir,
    dropBad,
    hash: index.hash,
    index,
    classes: index.classes,
    splits: Object.fromEntries(
      splitNames.map((split) => [split, describeSplit(index, split, places[split], (place) => about(split, place))]),
    ) as Record<SplitName, FeatureSplit>,
    get: (input === 'logmel' ? mel : waveform) as FeatureStore<Kind>['get'],
    mel,
    waveform,
    share: () => {
      for (const split of splitNames) {
        for (const shard of index.splits[split].shards) {
          const part = input === 'logmel' ? shard.mel : shard.waveform
          if (part !== null) cached(part)
        }
      }
      return new Map(cache)
    },
    close: () => {
      closed = true
      for (const handle of handles.values()) closeSync(handle)
      handles.clear()
      cache.clear()
    },
  }
}

function usedRows(index: FeatureIndex, split: SplitName, dropBad: boolean): readonly number[] {
  return index.splits[split].clips.flatMap(({ kept, knownBad = false, features }, row) =>
    features !== null && (kept || (knownBad && !dropBad)) ? [row] : [],
  )
}

function describeSplit(index: FeatureIndex, split: SplitName, rows: readonly number[], about: (place: number) => ClipSizes): FeatureSplit {
  const { classes } = index
  const { clips } = index.splits[split]
  const column = new Map(classes.map((name, place) => [name, place]))
  const secret = rows.some((row) => clips[row].labels === null)
  const labels = secret ? null : new Float32Array(rows.length * classes.length)
  if (labels !== null) {
    rows.forEach((row, place) => {
      for (const label of clips[row].labels ?? []) labels[place * classes.length + (column.get(label) as number)] = 1
    })
  }
  return {
    size: rows.length,
    rowCount: clips.length,
    rows,
    names: rows.map((row) => clips[row].name),
    usage: rows.map((row) => clips[row].usage),
    labels,
    about,
  }
}
