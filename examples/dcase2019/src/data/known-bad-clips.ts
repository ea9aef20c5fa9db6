/**
 * Clips of FSDKaggle2019's curated part that its makers named as faulty after the competition, by name without ending. They stay in the
 * tables, so that folds are the authors' folds, and are marked `kept: false`.
 */
export const knownBadClips: Readonly<Record<string, string>> = {
  f76181c4: 'wrong label',
  '77b925c2': 'wrong label',
  '6a1f682a': 'wrong label',
  c7db12aa: 'wrong label',
  '7752cc8a': 'wrong label',
  '1d44b0bd': 'no signal',
}
