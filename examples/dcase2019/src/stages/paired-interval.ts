import type { PairedInterval } from '../report/ablation-data.js'

/** lwlrap of one seed's scores as sums over clips: the same clips, in the same order, for every seed and system. */
export interface ClipSums {
  /** Sum over the positive labels of a clip of the precision at each. */
  readonly precisions: readonly number[]
  /** Positive labels of a clip. */
  readonly positives: readonly number[]
}

/**
 * Paired bootstrap of the difference between two systems that were trained with several seeds: seeds are drawn with replacement, and clips, the same for both
 * systems and all seeds, so the interval is about other clips and other trainings. With three seeds it knows little of the latter.
 *
 * @param a,b one entry a seed, in the same order
 * @param rng uniform in [0, 1)
 * @param level share of the resamples inside, e.g. 0.95
 * @throws RangeError when the two differ in seeds or clips
 * @see Efron & Tibshirani 1993, ch. 8 and 13
 */
export function pairedInterval(
  a: readonly ClipSums[],
  b: readonly ClipSums[],
  { rng, resamples, level }: { readonly rng: () => number; readonly resamples: number; readonly level: number },
): PairedInterval {
  const [first] = a
  const clips = first?.positives.length ?? 0
  if (a.length === 0 || a.length !== b.length || [...a, ...b].some(({ positives }) => positives.length !== clips) || clips === 0)
    throw new RangeError(
      `pairedInterval: both systems must have the same seeds and clips, got ${a.length} and ${b.length} seeds of ${clips} clips.`,
    )
  const differences = a.map(({ precisions }, seed) => Float64Array.from(precisions, (value, clip) => value - b[seed].precisions[clip]))
  const labels = first.positives.reduce((sum, count) => sum + count, 0)
  const bySeed = differences.map((values) => values.reduce((sum, value) => sum + value, 0) / labels)
  const drawn: number[] = []
  for (let resample = 0; resample < resamples; resample++) {
    const seeds = a.map(() => Math.floor(rng() * a.length))
    let sum = 0
    let count = 0
    for (let draw = 0; draw < clips; draw++) {
      const clip = Math.floor(rng() * clips)
      for (const seed of seeds) sum += differences[seed][clip]
      count += first.positives[clip]
    }
    drawn.push(sum / seeds.length / count)
  }
  drawn.sort((x, y) => x - y)
  const at = (share: number): number => drawn[Math.min(resamples - 1, Math.max(0, Math.round(share * (resamples - 1))))]
  return {
    difference: bySeed.reduce((sum, value) => sum + value, 0) / bySeed.length,
    low: at((1 - level) / 2),
    high: at((1 + level) / 2),
    bySeed,
  }
}
