/** Number of letters to insert, delete or replace (Levenshtein), case ignored. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1].toLowerCase() === b[j - 1].toLowerCase() ? 0 : 1)
      current[j] = Math.min(replaced, previous[j] + 1, current[j - 1] + 1)
    }
    previous = current
  }
  return previous[b.length]
}

/** The known name that `name` was probably meant to be: at most a third of its letters differ. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.floor(Math.max(2, name.length / 3)) + 1
  for (const candidate of known) {
    const candidateDistance = distance(name, candidate)
    if (candidateDistance < bestDistance) [best, bestDistance] = [candidate, candidateDistance]
  }
  return best
}
