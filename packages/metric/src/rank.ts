/**
 * Which of several equal scores ranks first. `max`: none, each takes the worst rank of its group (scikit-learn's rule, does not
 * depend on the order of classes). `index`: the higher class index (the DCASE 2019 evaluation code, its sort taken as stable).
 */
export type Ties = 'max' | 'index'

/** Precision at each positive label of one clip. */
export interface Ranking {
  /** How many of the entries below are filled. */
  count: number
  /** Class of each positive. */
  readonly columns: Int32Array
  /** (positives with score ≥ its score) / (classes with score ≥ its score), in (0, 1]. */
  readonly precisions: Float64Array
}

/** Ranks clip `row`. The returned object is overwritten by the next call. */
export type Ranker = (isPositive: Uint8Array, scores: ArrayLike<number>, row: number) => Ranking

const insertionSortLimit = 16

/** Ranks in O(classes · log positives) per clip: only the positives are sorted, each class then finds its place among them. */
export function createRanker(classes: number, ties: Ties): Ranker {
  const columns = new Int32Array(classes)
  const precisions = new Float64Array(classes)
  const values = new Float64Array(classes) // scores of the sorted positives
  const reaching = new Int32Array(classes + 1) // [k]: classes whose score reaches exactly the lowest k positives
  const ranking: Ranking = { count: 0, columns, precisions }
  const byIndex = ties === 'index'

  return (isPositive, scores, row) => {
    const start = row * classes
    let count = 0
    for (let column = 0; column < classes; column++) if (isPositive[start + column] === 1) columns[count++] = column
    ranking.count = count
    if (count === 0) return ranking

    // Ascending by score; columns are ascending already and both sorts are stable, so equal scores stay in order of class.
    if (count <= insertionSortLimit) {
      for (let i = 1; i < count; i++) {
        const column = columns[i]
        const score = scores[start + column]
        let j = i - 1
        for (; j >= 0 && scores[start + columns[j]] > score; j--) columns[j + 1] = columns[j]
        columns[j + 1] = column
      }
    } else {
      columns.subarray(0, count).sort((a, b) => scores[start + a] - scores[start + b] || a - b)
    }
    for (let i = 0; i < count; i++) values[i] = scores[start + columns[i]]

    reaching.fill(0, 0, count + 1)
    for (let column = 0; column < classes; column++) {
      const score = scores[start + column]
      let low = 0
      let high = count
      while (low < high) {
        const middle = (low + high) >>> 1
        const reaches = score > values[middle] || (score === values[middle] && (!byIndex || column >= columns[middle]))
        if (reaches) low = middle + 1
        else high = middle
      }
      reaching[low]++
    }

    let classesAbove = 0
    let positivesAbove = 0
    for (let i = count - 1; i >= 0; i--) {
      classesAbove += reaching[i + 1]
      // With 'max' a group of equal positives counts as a whole at its first (highest) member: nothing reaches only part of it.
      if (byIndex) positivesAbove = count - i
      else if (i === count - 1 || values[i] !== values[i + 1]) {
        let first = i
        while (first > 0 && values[first - 1] === values[i]) first--
        positivesAbove = count - first
      }
      precisions[i] = positivesAbove / classesAbove
    }
    return ranking
  }
}
