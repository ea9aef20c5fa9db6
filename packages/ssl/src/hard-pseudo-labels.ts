import { checkProbabilities, checkThreshold } from './check-probabilities.js'
import { SslError } from './errors.js'

/** Options of {@link hardPseudoLabels}. */
export interface HardPseudoLabelsOptions {
  /** Classes in a row. */
  readonly classes: number
  /** Least probability of a label, 0 to 1; default 0.5, or none where `top` is given. */
  readonly threshold?: number
  /** At most this many labels a clip, the most probable; of equals the lower class. Default: as many as reach the threshold. */
  readonly top?: number
}

/**
 * Hard pseudo labels (Lee 2013, for several labels a clip): 1 for the classes that reach the threshold and are among the `top`, else 0.
 * A clip may get none; `confidentClips` finds those that get some.
 *
 * @param p `[clips, classes]` row-major, 0 to 1
 * @returns a new `[clips, classes]` of 0 and 1
 * @throws SslError `'shape'`, `'option'`, `'probability'`
 *
 * Paper §5.2 tried it without gain; it is the baseline of soft pseudo labels.
 *
 * @example
 * const p = Float32Array.of(0.9, 0.6, 0.2)
 * hardPseudoLabels(p, { classes: 3 }) // => [1, 1, 0]
 * hardPseudoLabels(p, { classes: 3, top: 1 }) // => [1, 0, 0]
 * hardPseudoLabels(p, { classes: 3, top: 2, threshold: 0.7 }) // => [1, 0, 0]
 */
export function hardPseudoLabels(
  p: Float32Array,
  { classes, top, threshold = top === undefined ? 0.5 : 0 }: HardPseudoLabelsOptions,
): Float32Array {
  checkProbabilities('hardPseudoLabels', p, classes)
  checkThreshold('hardPseudoLabels', threshold)
  if (top !== undefined && (!Number.isSafeInteger(top) || top < 1 || top > classes)) {
    throw new SslError('option', `hardPseudoLabels: top must be a whole number of 1 to ${classes} (classes), got ${top}.`)
  }
  const labels = new Float32Array(p.length)
  for (let start = 0; start < p.length; start += classes) {
    const reached = Array.from({ length: classes }, (_, c) => c).filter((c) => p[start + c] >= threshold)
    if (top !== undefined) reached.sort((a, b) => p[start + b] - p[start + a]) // stable: of equals the lower class comes first
    for (const c of reached.slice(0, top)) labels[start + c] = 1
  }
  return labels
}
