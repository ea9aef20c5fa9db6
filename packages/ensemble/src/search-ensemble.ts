import { EnsembleError } from './errors.js'
import type { OutOfFoldModel } from './out-of-fold.js'

/** A point of the search space: one entry a model. Cycles and pads are places in the model's lists, never empty. */
export interface EnsemblePoint {
  readonly weights: readonly number[]
  readonly cycles: readonly (readonly number[])[]
  readonly pads: readonly (readonly number[])[]
}

/** What the search needs to know. */
export interface EnsembleSearch {
  readonly models: readonly OutOfFoldModel[]
  /** `[clips, classes]`. */
  readonly truth: Float32Array
  readonly classes: number
  readonly score: (truth: Float32Array, scores: Float32Array) => number
  readonly weights: readonly number[]
  readonly minGain: number
  readonly maxSweeps: number
}

/** The point everything is measured against: equal weights, every cycle, no padding (or the least there is). */
export function plainPoint(models: readonly OutOfFoldModel[], weights: readonly number[]): EnsemblePoint {
  return {
    weights: models.map(() => middle(weights)),
    cycles: models.map((model) => model.cycles.map((_, place) => place)),
    pads: models.map(() => [0]),
  }
}

/** Weighted mean of the predictions of the given rows at a point: `[rows, classes]`. */
export function predictionsAt(
  models: readonly OutOfFoldModel[],
  classes: number,
  point: EnsemblePoint,
  rows: ArrayLike<number>,
): Float32Array {
  const sums = new Float64Array(rows.length * classes)
  const totalWeight = point.weights.reduce((sum, weight) => sum + weight, 0)
  models.forEach((model, m) => {
    const share = point.weights[m] / totalWeight / (point.cycles[m].length * point.pads[m].length)
    if (share === 0) return
    for (const cycle of point.cycles[m]) {
      for (const pad of point.pads[m]) {
        const predictions = model.predictions[cycle * model.pads.length + pad]
        for (let row = 0, at = 0; row < rows.length; row++) {
          const from = rows[row] * classes
          for (let c = 0; c < classes; c++, at++) sums[at] += share * predictions[from + c]
        }
      }
    }
  })
  return Float32Array.from(sums)
}

/** Scores one point on the given rows. */
export function scoreAt(search: EnsembleSearch, point: EnsemblePoint, rows: ArrayLike<number>): number {
  const { models, truth, classes } = search
  const labels = new Float32Array(rows.length * classes)
  for (let row = 0; row < rows.length; row++) labels.set(truth.subarray(rows[row] * classes, (rows[row] + 1) * classes), row * classes)
  const score = search.score(labels, predictionsAt(models, classes, point, rows))
  if (Number.isFinite(score)) return score
  throw new EnsembleError(
    'ENSEMBLE_NOT_FINITE',
    `chooseEnsemble: score must return a finite number, got ${score} on ${rows.length} clips. Use fewer outer folds, or clips that have labels.`,
  )
}

/**
 * Coordinate ascent on the given rows from two starts, the plain point and the best single model; the plain start wins unless the other is
 * better by `minGain`. One coordinate is a model's weight, its set of cycles or its set of pads; a move must gain `minGain`.
 * Deterministic; moves of equal score are decided by their order.
 */
export function searchEnsemble(search: EnsembleSearch, rows: ArrayLike<number>): { point: EnsemblePoint; score: number } {
  const plain = plainPoint(search.models, search.weights)
  const best = ascend(search, plain, rows)
  if (search.models.length === 1) return best
  const singles = search.models.map((_, m) => ({ ...plain, weights: plain.weights.map((weight, other) => (other === m ? weight : 0)) }))
  const scores = singles.map((single) => scoreAt(search, single, rows))
  const single = ascend(search, singles[scores.indexOf(Math.max(...scores))], rows)
  return single.score > best.score + search.minGain ? single : best
}

function ascend(search: EnsembleSearch, start: EnsemblePoint, rows: ArrayLike<number>): { point: EnsemblePoint; score: number } {
  let point = start
  let score = scoreAt(search, point, rows)
  for (let sweep = 0; sweep < search.maxSweeps; sweep++) {
    let moved = false
    for (let m = 0; m < search.models.length; m++) {
      for (const coordinate of ['pads', 'cycles', 'weights'] as const) {
        let bestPoint = point
        let bestScore = score + search.minGain
        for (const move of movesOf(search, point, m, coordinate)) {
          const moveScore = scoreAt(search, move, rows)
          if (moveScore <= bestScore) continue
          bestPoint = move
          bestScore = moveScore
        }
        if (bestPoint === point) continue
        point = bestPoint
        score = bestScore
        moved = true
      }
    }
    if (!moved) break
  }
  return { point, score }
}

function movesOf(search: EnsembleSearch, point: EnsemblePoint, m: number, coordinate: 'weights' | 'cycles' | 'pads'): EnsemblePoint[] {
  if (coordinate === 'weights') {
    const others = point.weights.some((weight, other) => other !== m && weight > 0)
    const weights = search.weights.filter((weight) => weight !== point.weights[m] && (weight > 0 || others))
    // With one model its weight is of no account.
    return others ? weights.map((weight) => ({ ...point, weights: point.weights.with(m, weight) })) : []
  }
  if (point.weights[m] === 0) return []
  const current = point[coordinate][m]
  return subsetsOf(search.models[m][coordinate].length, current)
    .filter((subset) => subset.join() !== current.join())
    .map((subset) => ({ ...point, [coordinate]: point[coordinate].with(m, subset) }))
}

/** Every subset that is not empty while there are few; above, the current one with one place more or less, and each place alone. */
function subsetsOf(count: number, current: readonly number[]): number[][] {
  const places = Array.from({ length: count }, (_, place) => place)
  if (count <= 4) {
    const masks = Array.from({ length: 2 ** count - 1 }, (_, mask) => mask + 1)
    return masks.map((mask) => places.filter((place) => (mask >> place) & 1))
  }
  const toggled = places.map((place) => places.filter((other) => current.includes(other) !== (other === place)))
  return [...toggled, ...places.map((place) => [place])].filter((subset) => subset.length > 0)
}

function middle(weights: readonly number[]): number {
  const positive = weights.filter((weight) => weight > 0).sort((a, b) => a - b)
  return positive[(positive.length - 1) >> 1]
}
