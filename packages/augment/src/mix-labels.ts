import { AugmentError } from './errors.js'

/** How two label vectors mix: `'linear'` in the ratio of the inputs, `'union'` the larger of both per class. */
export type LabelMixing = 'linear' | 'union'

/** A new vector `[classes]`. Linear: ratio · first + (1 − ratio) · second. */
export function mixLabels(caller: string, first: Float32Array, second: Float32Array, ratio: number, labels: LabelMixing): Float32Array {
  if (first.length !== second.length) {
    throw new AugmentError(
      'AUGMENT_SHAPE',
      `${caller}: both examples must have the same classes, got ${first.length} and ${second.length}.`,
    )
  }
  return first.map((value, i) => (labels === 'union' ? Math.max(value, second[i]) : ratio * value + (1 - ratio) * second[i]))
}
