/** lwlrap by its definition, slowly: the mean over all labels of the precision at that label's rank; ties get the worst rank. */
export function labelRanking(truth: ArrayLike<number>, scores: ArrayLike<number>, classes: number): number {
  const precisions: number[] = []
  for (let start = 0; start < truth.length; start += classes) {
    const places = Array.from({ length: classes }, (_, c) => start + c)
    for (const label of places.filter((place) => truth[place] > 0.5)) {
      const above = places.filter((place) => scores[place] >= scores[label])
      precisions.push(above.filter((place) => truth[place] > 0.5).length / above.length)
    }
  }
  return precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length
}
