import type { AblationRow } from '../config/ablation.js'

/** A difference of two systems' lwlrap, mean over seeds. */
export interface PairedInterval {
  readonly difference: number
  /** Percentile interval. */
  readonly low: number
  readonly high: number
  /** Difference of each seed, in order. */
  readonly bySeed: readonly number[]
}

/** lwlrap of a row by seed, and the difference from the row that it is compared with. */
export interface RowScores {
  readonly row: AblationRow
  /** On the held-out clips of the folds. */
  readonly crossValidation: readonly number[]
  readonly test: readonly number[]
  /** Null for a row that is compared with none. */
  readonly crossValidationDifference: PairedInterval | null
  readonly testDifference: PairedInterval | null
}

/** How right the labels of the noisy clips are: lwlrap against the true ones, for the clips that have any; mean over seeds and folds. */
export interface LabelQuality {
  readonly clips: number
  /** The labels that the noisy clips come with. */
  readonly given: number
  /** By model whose pseudo labels these are. */
  readonly pseudo: Readonly<Record<string, number>>
}

/** JSON of `ablation.json`. */
export interface AblationScores {
  readonly seeds: readonly number[]
  readonly folds: number
  readonly clips: { readonly crossValidation: number; readonly test: number }
  /** Share of the resamples inside an interval. */
  readonly level: number
  readonly rows: readonly RowScores[]
  /** The full system against curated clips without augmentation. */
  readonly headline: { readonly crossValidation: PairedInterval; readonly test: PairedInterval }
  /** Null where the data set does not tell the true labels (`meta/noisy.csv`). */
  readonly labelQuality: LabelQuality | null
  /** Added up over all processes, in seconds, and what they ran on. */
  readonly cost: {
    readonly trainings: number
    readonly trainingSeconds: number
    readonly predictionSeconds: number
    readonly processor: string
    readonly node: string
    readonly commit: string | null
  }
}
