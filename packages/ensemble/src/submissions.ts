import { EnsembleError } from './errors.js'

/** Which of the disagreeing sources a preset follows. */
export type EnsembleVariant = 'default' | 'paper' | 'referenceCode'

/** One of the six models of a submission. */
export interface SubmissionModel {
  /** Number in the paper, 1 … 6. */
  readonly model: number
  /** What it hears. */
  readonly input: 'logmel' | 'waveform'
  /** Cosine cycles whose snapshots are used, counted from 1 over the whole training. */
  readonly cycles: readonly number[]
  /** Epochs in a cycle. */
  readonly epochsPerCycle: number
  /** Test-time padding on each side: frames (log-mel) or samples (waveform). */
  readonly pads: readonly number[]
  /** Weight of the model's mean among the six. */
  readonly weight: number
}

/** One prediction of a submission. */
export interface SubmissionMember {
  readonly model: number
  /** Fold, 1 … 5. */
  readonly fold: number
  readonly cycle: number
  readonly pad: number
  /** Weight of this prediction: the model's weight over the number of its predictions. */
  readonly weight: number
}

/** One of the paper's two submissions as data. */
export interface Submission {
  readonly name: string
  readonly folds: number
  readonly models: readonly SubmissionModel[]
  /** Every prediction, by model, fold, cycle, pad: 170 in submission 1, 95 in submission 2. */
  readonly members: readonly SubmissionMember[]
  /** `maxGroups` of `groupByLength` for so many clips. */
  readonly maxGroups: (clips: number) => number
}

const WEIGHTS: Readonly<Record<EnsembleVariant, readonly number[]>> = {
  default: [3, 4, 3, 1, 1, 1],
  paper: [3, 4, 3, 1, 1, 1],
  referenceCode: [4, 3, 3, 1, 1, 1],
}

const LOGMEL = { input: 'logmel', epochsPerCycle: 64 } as const
const WAVEFORM = { input: 'waveform', epochsPerCycle: 80 } as const

const MODELS_1: readonly Omit<SubmissionModel, 'weight'>[] = [
  { model: 1, ...LOGMEL, cycles: [2, 4, 7, 8], pads: [8, 64] },
  { model: 2, ...LOGMEL, cycles: [1, 2, 6, 7], pads: [8, 64] },
  { model: 3, ...LOGMEL, cycles: [2, 4, 6], pads: [8, 64] },
  { model: 4, ...WAVEFORM, cycles: [2, 3], pads: [0, 32_000] },
  { model: 5, ...WAVEFORM, cycles: [3, 5], pads: [8000, 32_000] },
  { model: 6, ...WAVEFORM, cycles: [7, 9], pads: [8000, 32_000] },
]

const MODELS_2: readonly Omit<SubmissionModel, 'weight'>[] = [
  { model: 1, ...LOGMEL, cycles: [2, 4, 7, 8], pads: [8] },
  { model: 2, ...LOGMEL, cycles: [1, 2, 4, 6, 7], pads: [8] },
  { model: 3, ...LOGMEL, cycles: [2, 4, 6], pads: [8] },
  { model: 4, ...WAVEFORM, cycles: [2, 3], pads: [8000] },
  { model: 5, ...WAVEFORM, cycles: [3, 5], pads: [8000] },
  { model: 6, ...WAVEFORM, cycles: [6, 7, 9], pads: [8000] },
]

/**
 * Submission 1: two paddings, 170 predictions (55 + 30 checkpoints).
 *
 * @param variant whose weights: `'default'` and `'paper'` 3:4:3:1:1:1, `'referenceCode'` 4:3:3:1:1:1
 * @throws `ENSEMBLE_RANGE` for another variant
 * @see Akiyama & Sato 2019 §7, Table 2 (which lists mel pads 8 and 32 where §7 and the code have 8 and 64)
 * @example
 * import { submission1 } from '@audiotag/ensemble'
 * submission1().members.length // => 170
 * submission1().members[0] // => { model: 1, fold: 1, cycle: 2, pad: 8, weight: 3 / 40 }
 */
export function submission1(variant: EnsembleVariant = 'default'): Submission {
  return submission('submission1', MODELS_1, variant, (clips) => 60 + Math.floor(clips / 55))
}

/**
 * Submission 2: one padding and more cycles, 95 predictions (60 + 35 checkpoints). The authors' script for it stops with an
 * IndexError; the list is the paper's, which is also what the script asks for.
 *
 * @param variant whose weights, as for {@link submission1}
 * @throws `ENSEMBLE_RANGE` for another variant
 * @example
 * import { submission2 } from '@audiotag/ensemble'
 * submission2().members.length // => 95
 */
export function submission2(variant: EnsembleVariant = 'default'): Submission {
  return submission('submission2', MODELS_2, variant, (clips) => 50 + Math.floor(clips / 30))
}

const FOLDS = 5

function submission(
  name: string,
  list: readonly Omit<SubmissionModel, 'weight'>[],
  variant: EnsembleVariant,
  maxGroups: (clips: number) => number,
): Submission {
  if (!Object.hasOwn(WEIGHTS, variant)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `${name}: variant must be 'default', 'paper' or 'referenceCode', got ${variant}. Leave it out for 'default'.`,
    )
  }
  const models = list.map((model, index) => ({ ...model, weight: WEIGHTS[variant][index] }))
  const members = models.flatMap(({ model, cycles, pads, weight }) =>
    Array.from({ length: FOLDS }, (_, index) => index + 1).flatMap((fold) =>
      cycles.flatMap((cycle) => pads.map((pad) => ({ model, fold, cycle, pad, weight: weight / (FOLDS * cycles.length * pads.length) }))),
    ),
  )
  return { name, folds: FOLDS, models, members, maxGroups }
}
