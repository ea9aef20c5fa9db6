/** Allowed difference: |actual − expected| ≤ absolute + relative · |expected|. */
export interface Tolerance {
  /** Default 0. */
  readonly absolute?: number
  /** Default 0. */
  readonly relative?: number
}

/**
 * Compares two arrays of numbers element by element. NaN equals NaN only, an infinity itself only.
 *
 * @throws Error that names the worst element, both values and what was allowed
 */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance): void {
  const { absolute = 0, relative = 0 } = tolerance
  if (actual.length !== expected.length)
    throw new Error(`expectClose: lengths differ: ${actual.length} values, expected ${expected.length}`)
  let worst = -1
  let worstRatio = 1
  let tooFar = 0
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue
    const difference = Math.abs(actual[i] - expected[i])
    const allowed = absolute + relative * Math.abs(expected[i])
    const ratio = Number.isFinite(difference) && difference <= allowed ? 0 : difference / allowed
    if (ratio === 0) continue
    tooFar++
    if (worst === -1 || !(ratio <= worstRatio)) [worst, worstRatio] = [i, ratio]
  }
  if (worst === -1) return
  const allowed = absolute + relative * Math.abs(expected[worst])
  throw new Error(
    `expectClose: ${tooFar} of ${expected.length} values are too far off; worst is [${worst}]: ${actual[worst]}, expected ${expected[worst]}, off by ${Math.abs(actual[worst] - expected[worst])}, allowed ${allowed}`,
  )
}
