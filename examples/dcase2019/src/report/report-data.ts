/**
 * Everything report.html shows, as plain JSON: the caller fills it from run folders, `renderReport` only lays it out. Numbers that do not
 * exist are null. Strings are text, never markup.
 */
export interface ReportData {
  /** Heading and title of the page, for example `MiniFSD-open`. */
  readonly title: string
  /** A sentence or two under the heading: what was run. */
  readonly summary: string
  /** Name of the set that decides, usually `test`; one of `sets`. */
  readonly primarySet: string
  /** Level of every interval, in (0, 1), usually 0.95. */
  readonly intervalLevel: number
  /** Sets that were scored, in order, for example `cross-validation` and `test`, or `Public`, `Private`, `All`. */
  readonly sets: readonly ReportSet[]
  /** Models, then the ensemble. */
  readonly systems: readonly ReportSystem[]
  /** Scores to compare with: chance, a plain baseline. */
  readonly references: readonly ReportReference[]
  /** Paired comparison of the ensemble with the best single model on `primarySet`. */
  readonly comparison: ReportComparison | null
  /** What a reader must know: clips skipped, a stage that was interrupted. */
  readonly notes: readonly string[]
  /** Sounds that went in. */
  readonly data: readonly ReportSplit[]
  /** Classes of `primarySet`, in the order of every `perClass`. */
  readonly classes: readonly ReportClass[]
  /** The networks, and the paper's sizes beside theirs. */
  readonly networks: readonly ReportNetwork[]
  /** One entry a model and fold. */
  readonly runs: readonly ReportRun[]
  /** Examples of augmentation. */
  readonly augmentations: readonly ReportAugmentation[]
  /** Clips that were right and wrong. */
  readonly clips: ReportClips
  /** What cross-validation chose for the ensemble. */
  readonly choice: ReportChoice | null
  /** Every setting, in groups. */
  readonly settings: readonly ReportSettingGroup[]
  /** Backend, versions, seeds, commit, dates: name and value, in order. */
  readonly environment: readonly ReportSetting[]
  /** How long each stage took; of stages that ran side by side, the time of each is counted. */
  readonly stages: readonly ReportStage[]
  /** Files of the run, relative to the report. */
  readonly files: readonly ReportFile[]
}

/** A set of clips that was scored. */
export interface ReportSet {
  readonly name: string
  /** For example `160 curated clips, each predicted by the fold that had not seen it`. */
  readonly about: string
}

/** A model or the ensemble, with its scores. */
export interface ReportSystem {
  readonly name: string
  readonly kind: 'model' | 'ensemble'
  /** For example `log-mel ResNet34, multitask`. */
  readonly about: string
  /** At most one entry a set. */
  readonly scores: readonly ReportScore[]
}

/**
 * lwlrap of one system on one set; all scores in [0, 1]. For the ensemble under cross-validation give the nested estimate, not the score on the clips
 * it was chosen on.
 */
export interface ReportScore {
  readonly set: string
  readonly overall: number | null
  /** Bootstrap interval. */
  readonly low: number | null
  readonly high: number | null
  readonly clips: number
  /** In the order of `classes`; null where the set has no positives. May be empty. */
  readonly perClass: readonly (number | null)[]
}

/** A score to compare with. */
export interface ReportReference {
  readonly name: string
  readonly set: string
  readonly overall: number
}

/** Ensemble minus best single model on the same clips. */
export interface ReportComparison {
  /** The single model it was compared with. */
  readonly model: string
  readonly difference: number
  readonly low: number | null
  readonly high: number | null
  readonly pValue: number | null
}

/** Part of the data set. */
export interface ReportSplit {
  readonly name: string
  readonly clips: number
  readonly labelsPerClip: number | null
  readonly minutes: number | null
  /** What about its labels, for example `mixed by hand, 60 % wrong or incomplete`. */
  readonly about: string
}

/** A class on `primarySet`. */
export interface ReportClass {
  readonly label: string
  readonly positives: number
  /** Share of all labels, in [0, 1]. */
  readonly weight: number
}

/** One network, and what the paper's is. */
export interface ReportNetwork {
  readonly model: string
  readonly architecture: string
  readonly paperArchitecture: string
  /** Fraction of the paper's channels and hidden units: 1 in the paper. */
  readonly width: number
  readonly parameters: number
  /** Of the paper's network: full width, 80 classes. */
  readonly paperParameters: number
  /** Length of a training slice, with the paper's beside it. */
  readonly slice: number
  readonly paperSlice: number
  readonly sliceUnit: 'frames' | 'samples'
  readonly heads: readonly string[]
}

/** Training of one model on one fold. */
export interface ReportRun {
  readonly model: string
  readonly fold: number
  /** Names of the streams, in order: `curated`, `noisy`, `ssl`. */
  readonly streams: readonly string[]
  readonly epochs: readonly ReportEpoch[]
  /** Epochs after which a snapshot was taken. */
  readonly snapshots: readonly number[]
  /** Learning rate over the training, x in epochs; may be thinned out. Empty: taken from `epochs`. */
  readonly learningRates: readonly { readonly epoch: number; readonly rate: number }[]
}

/** One epoch, counted from 1. */
export interface ReportEpoch {
  readonly epoch: number
  /** Mean loss of each stream, unweighted, in the order of `streams`. */
  readonly losses: readonly (number | null)[]
  /** lwlrap on the fold's validation clips; null when it was not measured. */
  readonly validation: number | null
  readonly learningRate: number | null
}

/** A picture of one input. */
export type ReportInput = ReportSpectrogram | ReportWaveform

/** dB values, `data[bin * frames + frame]`, bin 0 the lowest. */
export interface ReportSpectrogram {
  readonly kind: 'spectrogram'
  readonly data: ArrayLike<number>
  readonly bins: number
  readonly frames: number
}

/** Samples of a waveform. */
export interface ReportWaveform {
  readonly kind: 'waveform'
  readonly samples: ArrayLike<number>
  readonly sampleRate: number
}

/** One training example before and after augmentation. */
export interface ReportAugmentation {
  readonly clip: string
  /** For example `model A, curated`. */
  readonly stream: string
  readonly before: ReportInput
  readonly after: ReportInput
  /** What was drawn, one line an operation, for example `frequency mask: bins 41–57`. */
  readonly draws: readonly string[]
  /** Targets that are not 0. */
  readonly labelsBefore: readonly ReportLabel[]
  readonly labelsAfter: readonly ReportLabel[]
}

/** A label with its target or score. */
export interface ReportLabel {
  readonly label: string
  readonly value: number
}

/** Clips that were right and wrong, by one system on one set. */
export interface ReportClips {
  readonly system: string
  readonly set: string
  /** Clips whose true labels are all ranked first. */
  readonly correct: number
  readonly wrong: number
  /** Those to show; `precision` tells right from wrong. */
  readonly shown: readonly ReportClip[]
}

/** One clip as predicted. */
export interface ReportClip {
  readonly name: string
  /** True labels. */
  readonly labels: readonly string[]
  /** Highest scores, descending; three of them. */
  readonly top: readonly ReportLabel[]
  /** Mean precision at the true labels' ranks, in [0, 1]; 1 is right. */
  readonly precision: number
  /** Sound file relative to the report, with forward slashes; null when it is not at hand. */
  readonly audio: string | null
}

/** What cross-validation chose. */
export interface ReportChoice {
  /** Nested cross-validation of choosing: honest. */
  readonly estimate: number | null
  /** On the clips it was chosen on: optimistic. */
  readonly score: number | null
  /** Equal weights, every cycle, no padding. */
  readonly plain: number | null
  readonly models: readonly {
    readonly model: string
    readonly weight: number
    readonly cycles: readonly number[]
    readonly pads: readonly number[]
    readonly padUnit: 'frames' | 'samples'
    /** Honest estimate of the model on its own. */
    readonly estimate: number | null
  }[]
}

/** Settings that belong together. */
export interface ReportSettingGroup {
  readonly title: string
  readonly settings: readonly ReportSetting[]
}

/** Name and value; objects and lists are shown as JSON. */
export interface ReportSetting {
  readonly name: string
  readonly value: unknown
  /** For example the paper's value. */
  readonly note?: string
}

/** A stage of the program. */
export interface ReportStage {
  readonly name: string
  readonly seconds: number
  /** For example `560 clips, 212 clips/s`, or `already done`. */
  readonly about: string
}

/** A file of the run. */
export interface ReportFile {
  /** Relative to the report, with forward slashes. */
  readonly path: string
  readonly about: string
}
