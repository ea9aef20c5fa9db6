import { openDataset } from '../data/dataset.js'
import type { Clip } from '../data/dataset.js'
import { knownBadClips } from '../data/known-bad-clips.js'
import type { SplitName } from '../data/layout.js'
import { clipSeconds } from './clip-seconds.js'

/** Clips of a split whose headers are read: more say hardly more about the mean. */
const measuredClips = 2000

/** What of a data set decides how much there is to do. */
export interface DatasetSize {
  /** Where the numbers come from: a folder, or what is known of FSDKaggle2019. */
  readonly source: 'folder' | 'FSDKaggle2019'
  readonly folder: string | null
  readonly classes: number
  readonly splits: Readonly<Record<SplitName, SplitSize>>
}

/** One split. */
export interface SplitSize {
  /** Rows of the table, bad clips included: what folds are made over. */
  readonly rowCount: number
  /** Rows that are used. */
  readonly rows: readonly number[]
  /** Rows with features on disk: bad clips too. */
  readonly prepared: number
  /** Mean length of a clip. */
  readonly seconds: number
}

/**
 * FSDKaggle2019 as its makers describe it: clips, and hours. Which rows the six bad clips are is not known without the tables; they count as spread evenly.
 *
 * @source Fonseca et al., Audio tagging with noisy labels and minimal supervision, DCASE 2019
 */
export function knownDatasetSize(dropBad: boolean): DatasetSize {
  return {
    source: 'FSDKaggle2019',
    folder: null,
    classes: 80,
    splits: {
      curated: knownSplit(4970, 10.5, dropBad ? Object.keys(knownBadClips).length : 0),
      noisy: knownSplit(19_815, 80),
      test: knownSplit(4481, 12.9),
    },
  }
}

function knownSplit(rowCount: number, hours: number, bad = 0): SplitSize {
  const left = new Set(Array.from({ length: bad }, (_, index) => Math.floor(((index + 0.5) * rowCount) / bad)))
  const rows = Array.from({ length: rowCount }, (_, row) => row).filter((row) => !left.has(row))
  return { rowCount, rows, prepared: rowCount, seconds: (hours * 3600) / rowCount }
}

/**
 * Size of a data set from its tables and the headers of its sounds; nothing is decoded.
 *
 * @param dropBad leave out clips that its makers named as faulty
 * @throws DataError as `openDataset`
 */
export async function datasetSize(folder: string, dropBad: boolean): Promise<DatasetSize> {
  const { classes, curated, noisy, test } = await openDataset(folder)
  const known = knownDatasetSize(dropBad).splits
  const split = (clips: readonly Clip[], otherwise: number): SplitSize => ({
    rowCount: clips.length,
    rows: clips.flatMap(({ kept, knownBad = false, file }, row) => (file !== null && (kept || (knownBad && !dropBad)) ? [row] : [])),
    prepared: clips.filter(({ file }) => file !== null).length,
    seconds: meanSeconds(clips) ?? otherwise,
  })
  return {
    source: 'folder',
    folder,
    classes: classes.length,
    splits: {
      curated: split(curated, known.curated.seconds),
      noisy: split(noisy, known.noisy.seconds),
      test: split(test, known.test.seconds),
    },
  }
}

/** Of clips taken at equal distances; undefined where no header tells. */
function meanSeconds(clips: readonly Clip[]): number | undefined {
  const every = Math.max(1, clips.length / measuredClips)
  const count = Math.ceil(clips.length / every)
  const lengths = Array.from({ length: count }, (_, index) => clips[Math.floor(index * every)])
    .map(({ file }) => (file === null ? undefined : clipSeconds(file)))
    .filter((seconds) => seconds !== undefined)
  return lengths.length === 0 ? undefined : lengths.reduce((sum, seconds) => sum + seconds, 0) / lengths.length
}
