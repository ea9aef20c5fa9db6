import type { Clips } from './matrix.js'
import { createRanker, type Ties } from './rank.js'

/** The part of each clip in lwlrap, clips without positives left out: overall = Σ precisionSum / Σ positives. */
export interface ClipSums {
  /** `[clips]`: sum of the precisions at the clip's positives. */
  readonly precisionSum: Float64Array
  /** `[clips]`: number of its positives, ≥ 1. */
  readonly positives: Float64Array
}

/** Sum of all values. */
export const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)

/** One pass over the clips, so that a resample costs one addition per clip. */
export function clipSums(clips: Clips, ties: Ties): ClipSums {
  const rank = createRanker(clips.classes, ties)
  const precisionSum: number[] = []
  const positives: number[] = []
  for (let row = 0; row < clips.clips; row++) {
    const { count, precisions } = rank(clips.isPositive, clips.scores, row)
    if (count === 0) continue
    let sum = 0
    for (let i = 0; i < count; i++) sum += precisions[i]
    precisionSum.push(sum)
    positives.push(count)
  }
  return { precisionSum: Float64Array.from(precisionSum), positives: Float64Array.from(positives) }
}
