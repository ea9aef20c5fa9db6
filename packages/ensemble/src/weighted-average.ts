import { EnsembleError } from './errors.js'

/** How predictions are averaged. */
export type MeanKind = 'arithmetic' | 'geometric'

/** What went into an average: one entry an `add`, in order. */
export interface AverageMember {
  /** Weight as given, ≥ 0. */
  readonly weight: number
  /** Fraction of the whole, in [0, 1]; all shares sum to 1. */
  readonly share: number
  /** Whatever the caller said about it, for example `{ model: 2, fold: 1, cycle: 6, pad: 64 }`. */
  readonly about: unknown
}

/** What {@link WeightedAverage.result} returns. */
export interface AverageResult {
  /** The mean, same layout as the predictions added. */
  readonly predictions: Float32Array
  /** Sum of the weights. */
  readonly totalWeight: number
  /** Where it came from. */
  readonly members: readonly AverageMember[]
}

/**
 * Weighted mean of predictions, added one at a time: 170 predictions need the memory of one.
 *
 * Sums are float64. Only ratios of weights matter. The result lies between the smallest and the largest prediction added (of those with
 * weight > 0), and does not depend on the order beyond rounding.
 *
 * @param options.mean `'arithmetic'` (default, the paper) or `'geometric'` (exp of the mean log: a 0 from any member gives 0)
 * @see Akiyama & Sato 2019 §7
 * @example
 * import { WeightedAverage } from '@audiotag/ensemble'
 * const average = new WeightedAverage()
 * average.add([0.9, 0.1], 3, { model: 1 })
 * average.add([0.5, 0.5], 1, { model: 2 })
 * average.result().predictions // => Float32Array.of(0.8, 0.2)
 */
export class WeightedAverage {
  readonly mean: MeanKind
  #sums: Float64Array | undefined
  #members: { weight: number; about: unknown }[] = []

  constructor(options: { readonly mean?: MeanKind } = {}) {
    const { mean = 'arithmetic' } = options
    if (mean !== 'arithmetic' && mean !== 'geometric') {
      throw new EnsembleError(
        'ENSEMBLE_RANGE',
        `WeightedAverage: mean must be 'arithmetic' or 'geometric', got ${String(mean)}. Leave it out for 'arithmetic'.`,
      )
    }
    this.mean = mean
  }

  /**
   * Adds one prediction. Nothing is kept of `predictions`.
   *
   * @param predictions finite numbers `[clips, classes]`, as many as every other prediction added; ≥ 0 for a geometric mean
   * @param weight ≥ 0 and finite; a prediction of weight 0 is listed but does not count. Default 1
   * @param about what to list under `members`. Default null
   * @throws `ENSEMBLE_RANGE`, `ENSEMBLE_SHAPE`, `ENSEMBLE_NOT_FINITE`; the average is then as before
   */
  add(predictions: ArrayLike<number>, weight: number = 1, about: unknown = null): void {
    const geometric = this.mean === 'geometric'
    if (!(weight >= 0 && weight < Infinity)) {
      throw new EnsembleError(
        'ENSEMBLE_RANGE',
        `WeightedAverage.add: weight must be a finite number of at least 0, got ${String(weight)}${memberText(about)}. Use 0 to leave a member out.`,
      )
    }
    this.#requireLength('add', predictions.length)
    for (let i = 0; i < predictions.length; i++) {
      const value = predictions[i]
      if (!Number.isFinite(value)) {
        throw new EnsembleError(
          'ENSEMBLE_NOT_FINITE',
          `WeightedAverage.add: predictions must be finite, got ${String(value)} at ${i}${memberText(about)}. Check that model.`,
        )
      }
      if (geometric && value < 0) {
        throw new EnsembleError(
          'ENSEMBLE_RANGE',
          `WeightedAverage.add: a geometric mean needs predictions of at least 0, got ${value} at ${i}${memberText(about)}. Pass probabilities.`,
        )
      }
    }
    this.#sums ??= new Float64Array(predictions.length)
    this.#members.push({ weight, about })
    if (weight === 0) return
    const sums = this.#sums
    for (let i = 0; i < predictions.length; i++) sums[i] += weight * (geometric ? Math.log(predictions[i]) : predictions[i])
  }

  /**
   * Adds everything another average holds, as if its members had been added here. `other` is not changed.
   *
   * @throws `ENSEMBLE_SHAPE` when lengths differ, `ENSEMBLE_MEMBERS` when the kinds of mean differ
   */
  merge(other: WeightedAverage): void {
    if (other.mean !== this.mean) {
      throw new EnsembleError(
        'ENSEMBLE_MEMBERS',
        `WeightedAverage.merge: both must have the same kind of mean, got ${this.mean} and ${other.mean}. Average them apart.`,
      )
    }
    if (other.#sums === undefined) return
    this.#requireLength('merge', other.#sums.length)
    // Copies first: an average may be merged with itself.
    const sums = other.#sums.slice()
    const members = other.#members.slice()
    this.#sums ??= new Float64Array(sums.length)
    for (let i = 0; i < sums.length; i++) this.#sums[i] += sums[i]
    this.#members.push(...members)
  }

  /**
   * The mean of all that was added so far; adding may go on afterwards.
   *
   * @throws `ENSEMBLE_EMPTY` when nothing was added, or only weights of 0
   */
  result(): AverageResult {
    const totalWeight = this.#members.reduce((sum, member) => sum + member.weight, 0)
    if (this.#sums === undefined || !(totalWeight > 0)) {
      throw new EnsembleError(
        'ENSEMBLE_EMPTY',
        `WeightedAverage.result: at least one member must have a weight above 0, got ${this.#members.length} members of total weight 0. Add a prediction first.`,
      )
    }
    const geometric = this.mean === 'geometric'
    const predictions = Float32Array.from(this.#sums, (sum) => (geometric ? Math.exp(sum / totalWeight) : sum / totalWeight))
    return {
      predictions,
      totalWeight,
      members: this.#members.map((member) => ({ weight: member.weight, share: member.weight / totalWeight, about: member.about })),
    }
  }

  #requireLength(method: string, length: number): void {
    if (length === 0)
      throw new EnsembleError('ENSEMBLE_EMPTY', `WeightedAverage.${method}: predictions must not be empty, got 0 values. Drop that member.`)
    if (this.#sums === undefined || this.#sums.length === length) return
    throw new EnsembleError(
      'ENSEMBLE_SHAPE',
      `WeightedAverage.${method}: every prediction must have ${this.#sums.length} values, got ${length}. Align clips and classes first.`,
    )
  }
}

function memberText(about: unknown): string {
  return about === null ? '' : ` (member ${JSON.stringify(about)})`
}
