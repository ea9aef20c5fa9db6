import { SslError } from './errors.js'
import type { LabelFolds } from './select-labellers.js'
import type { Normalize } from './sharpen.js'

/** Settings of the soft-pseudo-label stream, JSON-safe. */
export interface PseudoLabelRecipe {
  /** Which models label for which, see {@link selectLabellers}. */
  readonly folds: LabelFolds
  /** For {@link softPseudoLabels}. */
  readonly exponent: number
  /** For {@link softPseudoLabels}. */
  readonly normalize: Normalize
  /** Clips of the stream: curated training clips with their own labels beside the pseudo-labelled noisy ones, or only those. */
  readonly set: 'curated-and-noisy' | 'noisy'
  /** Chance that a draw is a curated clip. */
  readonly curatedShare: number
  /** Part of the noisy clips that the model of a fold sees: the training part of the same kind of split. */
  readonly noisyShare: number
  /** Where MixUp partners come from: drawn as the first clip is, or uniformly over all rows of the set (80 % noisy). */
  readonly mixupPartner: 'sampler' | 'uniform'
  /** Factor on the mean squared error. */
  readonly weight: number
}

/**
 * The recipe of paper §5.2. `'default'` is faithful and honest in cross-validation: labels come from the model of the same fold (pass
 * `final: true` for models scored on other clips: then all folds label, as in paper and code). `'paper'` labels the noisy clips only;
 * `'referenceCode'` draws MixUp partners uniformly.
 *
 * @throws SslError `'option'`
 */
export function dcase2019PseudoLabels({
  variant = 'default',
  final = false,
}: { readonly variant?: 'default' | 'paper' | 'referenceCode'; readonly final?: boolean } = {}): PseudoLabelRecipe {
  const common = { exponent: 2, normalize: 'sum', weight: 20 } as const
  const mixed = { ...common, set: 'curated-and-noisy', curatedShare: 0.5, noisyShare: 0.8 } as const
  if (variant === 'default') return Object.freeze({ ...mixed, folds: final ? 'all' : 'same', mixupPartner: 'sampler' })
  if (variant === 'paper') {
    return Object.freeze({ ...common, set: 'noisy', curatedShare: 0, noisyShare: 1, folds: 'all', mixupPartner: 'sampler' })
  }
  if (variant === 'referenceCode') return Object.freeze({ ...mixed, folds: 'all', mixupPartner: 'uniform' })
  throw new SslError('option', `dcase2019PseudoLabels: variant must be 'default', 'paper' or 'referenceCode', got '${String(variant)}'.`)
}
