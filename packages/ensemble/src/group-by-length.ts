import { EnsembleError } from './errors.js'
import { requireInteger } from './require-integer.js'

/** Options of {@link groupByLength}. */
export interface GroupByLengthOptions {
  /** Groups aimed at, ≥ 1: patience grows until there are no more than this. Default Infinity: no patience, equal lengths only. */
  readonly maxGroups?: number
  /** Largest patience tried, in [0, 1]; a fraction of the longer clip's length. Default 0.2. */
  readonly maxPatience?: number
  /** Smallest patience, in [0, maxPatience]: the search starts here. Default 0. */
  readonly minPatience?: number
  /** Step of the search, > 0. Default 0.01. */
  readonly patienceStep?: number
  /** Clips in a group, ≥ 1. Default 512. */
  readonly maxClips?: number
  /** Bound on (length + extraLength) × clips of a group, which bounds its memory; a clip over it gets a group of its own. Default 20,000,000. */
  readonly maxTotalLength?: number
  /** Length that padding will add to every clip, ≥ 0 (both sides together). Default 64,000, the authors' largest waveform padding. */
  readonly extraLength?: number
}

/** Clips to predict in one batch. */
export interface LengthGroup {
  /** Places of the clips in `lengths`, shortest clip first. */
  readonly indices: readonly number[]
  /** Length of the longest clip: pad the others to it. */
  readonly length: number
}

/** What {@link groupByLength} returns. */
export interface LengthGroups {
  /** Every clip in exactly one group, shortest first. */
  readonly groups: readonly LengthGroup[]
  /** Patience that was kept. */
  readonly patience: number
}

/**
 * Groups clips of similar length, so that a batch wastes little padding.
 *
 * Clips are sorted by (length, index). A clip opens a new group when first + ⌊length · patience⌋ < length (first = the group's
 * shortest), when the group holds `maxClips`, or when (length + extraLength) · (clips + 1) > maxTotalLength. Patience grows in
 * steps while there are more than `maxGroups` groups, and a step is kept only when it gives strictly fewer groups.
 *
 * @param lengths clip lengths in samples or frames, integers ≥ 1
 * @returns groups (empty for no clips) and the patience kept; deterministic
 * @throws `ENSEMBLE_RANGE` for a length that is no integer ≥ 1 or an option out of range
 * @see Akiyama & Sato 2019 §7, and the authors' submission scripts; their limits are `submission1.maxGroups(clips)` and `submission2.maxGroups(clips)`
 * @example
 * import { groupByLength } from '@audiotag/ensemble'
 * const { groups } = groupByLength([100, 100, 104, 110, 111, 130], { minPatience: 0.1 })
 * groups.map((group) => group.indices) // => [[0, 1, 2, 3, 4], [5]]
 */
export function groupByLength(lengths: ArrayLike<number>, options: GroupByLengthOptions = {}): LengthGroups {
  const { maxGroups = Infinity, maxPatience = 0.2, minPatience = 0, patienceStep = 0.01 } = options
  const { maxClips = 512, maxTotalLength = 20_000_000, extraLength = 64_000 } = options
  const where = 'groupByLength'
  if (maxGroups !== Infinity) requireInteger(where, 'maxGroups', maxGroups, 1)
  if (maxClips !== Infinity) requireInteger(where, 'maxClips', maxClips, 1)
  requireBetween('maxPatience', maxPatience, 0, 1)
  requireBetween('minPatience', minPatience, 0, maxPatience)
  requireBetween('patienceStep', patienceStep, Number.MIN_VALUE, 1)
  requireBetween('maxTotalLength', maxTotalLength, 1, Infinity)
  requireInteger(where, 'extraLength', extraLength, 0)
  for (let i = 0; i < lengths.length; i++) requireInteger(where, `lengths[${i}]`, lengths[i], 1)

  const order = Array.from({ length: lengths.length }, (_, index) => index).sort((a, b) => lengths[a] - lengths[b] || a - b)
  const limits = { maxClips, maxTotalLength, extraLength }
  let groups = split(order, lengths, minPatience, limits)
  let patience = minPatience
  for (let step = 1; groups.length > maxGroups; step++) {
    // A multiple, not a running sum: 0.01 added twenty times is above 0.2.
    const next = Math.round((minPatience + step * patienceStep) * 1e9) / 1e9
    if (next > maxPatience) break
    const wider = split(order, lengths, next, limits)
    if (wider.length < groups.length) {
      groups = wider
      patience = next
    }
  }
  return { groups: groups.map((indices) => ({ indices, length: lengths[indices[indices.length - 1]] })), patience }
}

type Limits = Required<Pick<GroupByLengthOptions, 'maxClips' | 'maxTotalLength' | 'extraLength'>>

function split(order: readonly number[], lengths: ArrayLike<number>, patience: number, limits: Limits): number[][] {
  const groups: number[][] = []
  for (const index of order) {
    const group = groups[groups.length - 1]
    const length = lengths[index]
    const fits =
      group !== undefined &&
      // The 1e-9 keeps a product such as 100 · 0.29 = 28.999… from losing a sample.
      lengths[group[0]] + Math.floor(length * patience + 1e-9) >= length &&
      group.length < limits.maxClips &&
      (length + limits.extraLength) * (group.length + 1) <= limits.maxTotalLength
    if (fits) group.push(index)
    else groups.push([index])
  }
  return groups
}

function requireBetween(name: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return
  throw new EnsembleError(
    'ENSEMBLE_RANGE',
    `groupByLength: ${name} must be from ${minimum} to ${maximum}, got ${String(value)}. Pass ${name} in that range.`,
  )
}
