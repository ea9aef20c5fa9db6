import type { LwlrapResult } from './lwlrap.js'
import type { Clips } from './matrix.js'
import type { Ranker } from './rank.js'

/**
 * Sums of the precisions at the positives of each class. A sum is kept as `sums + corrections`, two doubles that hold it exactly for
 * up to millions of clips; so the order in which clips come changes no bit.
 */
export class PrecisionSums {
  clips = 0
  clipsWithPositives = 0
  readonly positives: Float64Array
  readonly sums: Float64Array
  readonly corrections: Float64Array

  constructor(classes: number) {
    this.positives = new Float64Array(classes)
    this.sums = new Float64Array(classes)
    this.corrections = new Float64Array(classes)
  }

  addClips(clips: Clips, rank: Ranker): void {
    for (let row = 0; row < clips.clips; row++) {
      const { count, columns, precisions } = rank(clips.isPositive, clips.scores, row)
      for (let i = 0; i < count; i++) {
        this.positives[columns[i]]++
        this.#add(columns[i], precisions[i])
      }
      if (count > 0) this.clipsWithPositives++
    }
    this.clips += clips.clips
  }

  addSums(other: PrecisionSums): void {
    this.clips += other.clips
    this.clipsWithPositives += other.clipsWithPositives
    for (let column = 0; column < this.sums.length; column++) {
      const [sum, correction] = [other.sums[column], other.corrections[column]] // read first: other may be this
      this.positives[column] += other.positives[column]
      this.#add(column, sum)
      this.#add(column, correction)
    }
  }

  result(): LwlrapResult {
    const classes = this.sums.length
    const perClass = new Float64Array(classes)
    const weights = new Float64Array(classes)
    const total = this.positives.reduce((sum, count) => sum + count, 0)
    let sum = 0
    let correction = 0
    for (let column = 0; column < classes; column++) {
      perClass[column] = (this.sums[column] + this.corrections[column]) / this.positives[column] // 0 / 0 is NaN
      weights[column] = this.positives[column] / total
      const next = sum + this.sums[column]
      correction += this.corrections[column] + twoSumError(sum, this.sums[column], next)
      sum = next
    }
    const { clips, clipsWithPositives } = this
    return { overall: (sum + correction) / total, perClass, weights, positives: this.positives.slice(), clips, clipsWithPositives }
  }

  #add(column: number, value: number): void {
    const sum = this.sums[column]
    const next = sum + value
    this.sums[column] = next
    this.corrections[column] += twoSumError(sum, value, next)
  }
}

/** What rounding took from `a + b = sum` (Knuth's TwoSum); exact. */
function twoSumError(a: number, b: number, sum: number): number {
  const virtual = sum - a
  return a - (sum - virtual) + (b - virtual)
}
