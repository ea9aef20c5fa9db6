import { checkProbabilities, checkThreshold } from './check-probabilities.js'

/**
 * The clips whose most probable class reaches a threshold: those worth keeping of a set labelled by {@link hardPseudoLabels}.
 *
 * @param p `[clips, classes]` row-major, 0 to 1
 * @returns indices of clips, ascending
 * @throws SslError `'shape'`, `'option'`, `'probability'`
 *
 * @example
 * confidentClips(Float32Array.of(0.9, 0.1, 0.4, 0.3), { classes: 2, threshold: 0.5 }) // => [0]
 */
export function confidentClips(
  p: Float32Array,
  { classes, threshold }: { readonly classes: number; readonly threshold: number },
): number[] {
  checkProbabilities('confidentClips', p, classes)
  checkThreshold('confidentClips', threshold)
  const clips: number[] = []
  for (let start = 0; start < p.length; start += classes) {
    if (p.subarray(start, start + classes).some((value) => value >= threshold)) clips.push(start / classes)
  }
  return clips
}
