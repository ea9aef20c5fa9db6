import { MetricError } from './errors.js'
import type { LwlrapOptions, LwlrapResult } from './lwlrap.js'
import { checkChoice, checkTruthOptions, readClips, type Matrix, type TruthMatrix } from './matrix.js'
import { PrecisionSums } from './precision-sums.js'
import { createRanker, type Ranker, type Ties } from './rank.js'

/** What a {@link LwlrapAccumulator} needs to know beforehand. */
export interface LwlrapAccumulatorOptions extends LwlrapOptions {
  /** Number of columns, ≥ 1. */
  readonly classes: number
}

/** State of a {@link LwlrapAccumulator}, safe for JSON. Arrays have `classes` entries. */
export interface LwlrapState {
  readonly classes: number
  readonly ties: Ties
  readonly threshold: number | null
  readonly clips: number
  readonly clipsWithPositives: number
  readonly positives: readonly number[]
  /** Sum of precisions of a class: `sums + corrections`, exactly. */
  readonly sums: readonly number[]
  readonly corrections: readonly number[]
}

const name = 'LwlrapAccumulator'

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function stateError(rule: string): never {
  throw new MetricError('METRIC_STATE', `${name}.${rule}`)
}

/**
 * lwlrap over clips that come in batches, or from several workers whose accumulators are merged at the end. Sums are kept exactly
 * (as two doubles each, good for millions of clips), so the result has the same bits however the clips were split and ordered.
 *
 * @example
 * const half = new LwlrapAccumulator({ classes: 2 })
 * half.add([1, 0], [0.9, 0.2])
 * const rest = LwlrapAccumulator.fromJSON(JSON.parse(JSON.stringify(half)))
 * rest.add([[0, 1]], [[0.4, 0.3]])
 * rest.result().overall // => 0.75
 */
export class LwlrapAccumulator {
  readonly classes: number
  readonly ties: Ties
  readonly threshold: number | undefined
  readonly #sums: PrecisionSums
  readonly #rank: Ranker

  /** @throws MetricError `METRIC_OPTION` */
  constructor(options: LwlrapAccumulatorOptions) {
    const { classes, ties = 'max', threshold } = options
    if (classes === undefined) throw new MetricError('METRIC_OPTION', `${name}: options.classes is needed: the number of columns.`)
    checkTruthOptions(name, { classes, ...(threshold !== undefined && { threshold }) })
    checkChoice(name, 'ties', ties, ['max', 'index'])
    this.classes = classes
    this.ties = ties
    this.threshold = threshold
    this.#sums = new PrecisionSums(classes)
    this.#rank = createRanker(classes, ties)
  }

  /**
   * Adds one clip or a batch. Nothing is added when it throws.
   *
   * @param truth  0/1 labels, flat `[clips, classes]` or one array per clip
   * @param scores finite numbers, same layout
   * @throws MetricError `METRIC_SHAPE`, `METRIC_VALUE`
   */
  add(truth: TruthMatrix, scores: Matrix): void {
    const { classes, threshold } = this
    const clips = readClips(`${name}.add`, truth, scores, { classes, ...(threshold !== undefined && { threshold }) })
    this.#sums.addClips(clips, this.#rank)
  }

  /**
   * Adds what another accumulator has seen; the other stays as it is.
   *
   * @throws MetricError `METRIC_STATE` when classes, ties or threshold differ
   */
  merge(other: LwlrapAccumulator): void {
    if (!(other instanceof LwlrapAccumulator))
      stateError('merge: takes another LwlrapAccumulator. From JSON: LwlrapAccumulator.fromJSON(state).')
    for (const key of ['classes', 'ties', 'threshold'] as const) {
      if (this[key] !== other[key]) stateError(`merge: both must have the same ${key}, got ${this[key]} and ${other[key]}.`)
    }
    this.#sums.addSums(other.#sums)
  }

  /**
   * lwlrap of all clips so far.
   *
   * @throws MetricError `METRIC_STATE` when no clip was added
   */
  result(): LwlrapResult {
    if (this.#sums.clips === 0) stateError('result: there must be at least one clip, got none. Call add first.')
    return this.#sums.result()
  }

  /** The whole state; JSON keeps every bit. */
  toJSON(): LwlrapState {
    return {
      classes: this.classes,
      ties: this.ties,
      threshold: this.threshold ?? null,
      clips: this.#sums.clips,
      clipsWithPositives: this.#sums.clipsWithPositives,
      positives: [...this.#sums.positives],
      sums: [...this.#sums.sums],
      corrections: [...this.#sums.corrections],
    }
  }

  /**
   * Goes on from a state.
   *
   * @throws MetricError `METRIC_STATE` when it is not one
   */
  static fromJSON(state: LwlrapState): LwlrapAccumulator {
    if (typeof state !== 'object' || state === null) stateError(`fromJSON: takes what toJSON returned, got ${String(state)}.`)
    const { classes, ties, threshold } = state
    if (threshold !== null && typeof threshold !== 'number')
      stateError(`fromJSON: threshold must be a number or null, got ${typeof threshold}.`)
    const accumulator = new LwlrapAccumulator({ classes, ties, ...(threshold !== null && { threshold }) })
    for (const key of ['positives', 'sums', 'corrections'] as const) {
      const values: unknown = state[key]
      if (!Array.isArray(values) || values.length !== classes || !values.every(key === 'positives' ? isCount : Number.isFinite)) {
        stateError(`fromJSON: ${key} must be ${classes} ${key === 'positives' ? 'counts' : 'finite numbers'}.`)
      }
    }
    for (const key of ['clips', 'clipsWithPositives'] as const) {
      if (!isCount(state[key])) stateError(`fromJSON: ${key} must be a count, got ${String(state[key])}.`)
    }
    const sums = accumulator.#sums
    sums.clips = state.clips
    sums.clipsWithPositives = state.clipsWithPositives
    sums.positives.set(state.positives)
    sums.sums.set(state.sums)
    sums.corrections.set(state.corrections)
    return accumulator
  }
}
