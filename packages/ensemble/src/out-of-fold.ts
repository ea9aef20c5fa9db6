import { EnsembleError } from './errors.js'

/** What one snapshot of one fold's model predicted, under one padding, for clips it was not trained on. */
export interface OutOfFoldMember {
  /** Name of the model, for example `'A'`; the folds, cycles and pads of one model share it. */
  readonly model: string
  /** Fold whose clips these are. */
  readonly fold: number
  /** Cosine cycle of the snapshot. */
  readonly cycle: number
  /** Padding on each side, in the model's own unit (frames or samples); 0 is none. */
  readonly pad: number
  /** Rows of `truth` that were predicted, as many as `predictions` has. */
  readonly clips: ArrayLike<number>
  /** Probabilities, row-major `[clips, classes]`. */
  readonly predictions: ArrayLike<number>
}

/** One model with the folds put together: every clip predicted by the model of its own fold. */
export interface OutOfFoldModel {
  readonly model: string
  /** Ascending. */
  readonly cycles: readonly number[]
  /** Ascending. */
  readonly pads: readonly number[]
  /** Predictions `[clips, classes]` of cycle `c` and pad `p` at `[c * pads.length + p]`. */
  readonly predictions: readonly Float32Array[]
}

/**
 * Puts the folds of every model × cycle × pad together and checks that each predicts every clip exactly once: a clip predicted by two
 * folds was trained on by one of them.
 */
export function outOfFold(members: readonly OutOfFoldMember[], clips: number, classes: number): OutOfFoldModel[] {
  const byModel = new Map<string, Map<string, OutOfFoldMember[]>>()
  for (const member of members) {
    requireMember(member, clips, classes)
    const key = `${member.cycle}/${member.pad}`
    const byKey = byModel.get(member.model) ?? new Map<string, OutOfFoldMember[]>()
    byModel.set(member.model, byKey)
    byKey.set(key, [...(byKey.get(key) ?? []), member])
  }
  return [...byModel].map(([model, byKey]) => {
    const all = [...byKey.values()].flat()
    const cycles = ascending(all.map((member) => member.cycle))
    const pads = ascending(all.map((member) => member.pad))
    const predictions = cycles.flatMap((cycle) =>
      pads.map((pad) => assemble(byKey.get(`${cycle}/${pad}`) ?? [], `model ${model}, cycle ${cycle}, pad ${pad}`, clips, classes)),
    )
    return { model, cycles, pads, predictions }
  })
}

function assemble(members: readonly OutOfFoldMember[], what: string, clips: number, classes: number): Float32Array {
  const matrix = new Float32Array(clips * classes)
  const foldOf = new Map<number, number>()
  for (const { clips: rows, predictions, fold } of members) {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      if (foldOf.has(row)) {
        throw new EnsembleError(
          'ENSEMBLE_MEMBERS',
          `chooseEnsemble: a clip must be predicted once by each model, cycle and pad, got clip ${row} from folds ${foldOf.get(row)} and ${fold} (${what}). Keep the fold that did not train on it.`,
        )
      }
      foldOf.set(row, fold)
      for (let c = 0; c < classes; c++) matrix[row * classes + c] = predictions[i * classes + c]
    }
  }
  if (foldOf.size === clips) return matrix
  let missing = 0
  while (foldOf.has(missing)) missing++
  throw new EnsembleError(
    'ENSEMBLE_MEMBERS',
    `chooseEnsemble: every model, cycle and pad must predict every clip, got ${foldOf.size} of ${clips} clips (${what}; clip ${missing} is missing). Add the other folds, or leave those clips out of truth.`,
  )
}

function requireMember(member: OutOfFoldMember, clips: number, classes: number): void {
  const what = `model ${member.model}, fold ${member.fold}, cycle ${member.cycle}, pad ${member.pad}`
  if (!Number.isFinite(member.cycle) || !(member.pad >= 0 && member.pad < Infinity)) {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `chooseEnsemble: cycle must be a finite number and pad at least 0, got ${what}. Number cycles from 1.`,
    )
  }
  const expected = member.clips.length * classes
  if (member.predictions.length !== expected) {
    throw new EnsembleError(
      'ENSEMBLE_SHAPE',
      `chooseEnsemble: predictions must have clips × classes = ${member.clips.length} × ${classes} values, got ${member.predictions.length} (${what}). Pass them as [clips, classes].`,
    )
  }
  for (let i = 0; i < member.clips.length; i++) {
    const row = member.clips[i]
    if (Number.isInteger(row) && row >= 0 && row < clips) continue
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `chooseEnsemble: clips must be rows of truth, from 0 to ${clips - 1}, got ${row} (${what}). Index the rows of truth.`,
    )
  }
  for (let i = 0; i < expected; i++) {
    if (Number.isFinite(member.predictions[i])) continue
    throw new EnsembleError(
      'ENSEMBLE_NOT_FINITE',
      `chooseEnsemble: predictions must be finite, got ${member.predictions[i]} at ${i} (${what}). Check that model.`,
    )
  }
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}
