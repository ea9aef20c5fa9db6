import { lwlrap } from '@lwrap/metric'
import { relative, sep } from 'node:path'
import { DataError } from '../data/data-error.js'
import { openDataset } from '../data/dataset.js'
import type { FeatureStore } from '../data/features.js'
import type { ReportClip, ReportClips } from '../report/report-data.js'
import { labelsOf } from '../run/run-features.js'
import type { RunFolder } from '../run/run-folder.js'
import { readScores } from '../run/scores.js'
import { ensembleSystem, heldOutPlaces, systemScores } from './ensemble.js'
import type { Evaluation } from './evaluate.js'

const wrongShown = 20
const rightShown = 10

/** Test clips (held-out ones where test labels are secret) that the ensemble got right and wrong: the worst, and a right one a class. */
export async function reportClips(run: RunFolder, features: FeatureStore, { primarySet }: Evaluation): Promise<ReportClips> {
  const split = primarySet === 'test' ? 'test' : 'curated'
  const { names, size } = features.splits[split]
  const places = split === 'test' ? Array.from({ length: size }, (_, place) => place) : heldOutPlaces(run, features)
  const { classes } = features
  const files = systemScores(run, ensembleSystem)
  const shape = { clips: places.length, classes: classes.length }
  const scores = readScores(split === 'test' ? files.test : files.heldOut, shape, `dcase2019 ensemble --run ${run.path}`).data
  const truth = labelsOf(features, split, places)
  const clips = places.map((place, row): ReportClip => {
    const [from, to] = [row * classes.length, (row + 1) * classes.length]
    const ranked = [...scores.subarray(from, to)].map((value, c) => ({ label: classes[c], value })).toSorted((a, b) => b.value - a.value)
    return {
      name: names[place],
      labels: classes.filter((_, c) => truth[from + c] === 1),
      top: ranked.slice(0, 3),
      precision: lwlrap(truth.subarray(from, to), scores.subarray(from, to), { classes: classes.length }).overall,
      audio: null,
    }
  })
  const right = clips.filter(({ precision }) => precision === 1)
  const wrong = clips.filter(({ precision }) => precision < 1).toSorted((a, b) => a.precision - b.precision)
  const shown = [...wrong.slice(0, wrongShown), ...varied(right).slice(0, rightShown)]
  const audio = await audioLinks(run, split)
  return {
    system: ensembleSystem,
    set: primarySet,
    correct: right.length,
    wrong: wrong.length,
    shown: shown.map((clip) => ({ ...clip, audio: audio.get(clip.name) ?? null })),
  }
}

/** The first clip of every set of labels, then the others. */
function varied(clips: readonly ReportClip[]): ReportClip[] {
  const seen = new Set<string>()
  const first = clips.filter(({ labels }) => {
    const key = labels.join()
    return !seen.has(key) && seen.add(key)
  })
  return [...first, ...clips.filter((clip) => !first.includes(clip))]
}

/** Sound files by clip, relative to the report; none for clips in an archive, or when the data set is no longer there. */
async function audioLinks(run: RunFolder, split: 'test' | 'curated'): Promise<Map<string, string>> {
  if (run.config.data === null) return new Map()
  try {
    const clips = (await openDataset(run.config.data, { skipBad: true }))[split]
    return new Map(
      clips.flatMap(({ name, file }) =>
        file !== null && 'path' in file ? [[name, relative(run.path, file.path).split(sep).join('/')] as const] : [],
      ),
    )
  } catch (error) {
    if (error instanceof DataError) return new Map()
    throw error
  }
}
