import { averagePredictions } from './average-predictions.js'
import { sharpen, type SharpenOptions } from './sharpen.js'

/**
 * Soft pseudo labels of unlabelled or noisily labelled clips: the mean of the predictions, sharpened.
 *
 * @param predictions probabilities `[clips, classes]` row-major: one array, or one for each model (fold × snapshot) to take the mean of;
 * {@link selectLabellers} says which models those may be
 * @param options `classes`; `exponent` default 2; `normalize` default `'sum'`
 * @returns `[clips, classes]`, targets for a mean squared error (paper: weight 20)
 * @throws SslError `'shape'`, `'option'`, `'probability'`, `'zero-row'`
 *
 * Paper §5.2.
 *
 * @example
 * const fold1 = Float32Array.of(0.7, 0.2)
 * const fold2 = Float32Array.of(0.5, 0.4)
 * softPseudoLabels([fold1, fold2], { classes: 2 }) // => ≈ [0.8, 0.2]
 */
export function softPseudoLabels(predictions: Float32Array | readonly Float32Array[], options: SharpenOptions): Float32Array {
  return sharpen(predictions instanceof Float32Array ? predictions : averagePredictions(predictions), options)
}
