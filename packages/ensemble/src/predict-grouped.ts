import { tensor, type Tensor } from '@tensorflow/tfjs-core'
import { EnsembleError } from './errors.js'
import { groupByLength, type GroupByLengthOptions } from './group-by-length.js'
import type { Spectrogram } from './pad-both-sides.js'

/** Any model that predicts: `TaggingModel` of @audiotag/models is one. */
export interface PredictingModel {
  /**
   * Probabilities `[batch, classes]` of `input`: `[batch, bins, frames, 1]` for spectrograms, `[batch, samples]` for waveforms.
   * `lengths`: valid frames or samples of each clip; the result must not depend on what lies behind them.
   */
  predict(input: Tensor, options: { readonly head?: string; readonly lengths?: number[] }): Tensor
}

/** A clip as the model hears it, or before `prepare`. */
export type PredictClip = Spectrogram | Float32Array

/** How far {@link predictGrouped} has come. */
export interface PredictProgress {
  readonly clipsDone: number
  readonly clips: number
}

/** Options of {@link predictGrouped}: those of `groupByLength`, and these. */
export interface PredictGroupedOptions<Clip extends PredictClip> extends GroupByLengthOptions {
  /** Passed on to the model. */
  readonly head?: string
  /** Makes one clip ready: for log-mel usually power → dB → `padBothSides` → standardise. Called clip by clip, just before its group. Default: as given. */
  readonly prepare?: (clip: Clip) => Clip
  /**
   * `'masked'` (default): each clip is prepared on its own, and the model is told its length, so a clip's result does not depend on its
   * group. `'referenceCode'`: the clip is padded to the group's length first (spectrogram right, waveform centred), then prepared, and
   * the padding counts.
   */
  readonly groupPadding?: 'masked' | 'referenceCode'
  /** Stops between groups: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called after every group. */
  readonly onProgress?: (progress: PredictProgress) => void
}

/** What {@link predictGrouped} returns. */
export interface GroupedPredictions {
  /** Probabilities, row-major `[clips, classes]`, in the order the clips were given. */
  readonly predictions: Float32Array
  /** Columns. */
  readonly classes: number
}

/**
 * Predicts clips of any lengths at full length, in batches of similar length.
 *
 * @param clips spectrograms of equally many bins, or waveforms; not changed
 * @returns predictions in the order of `clips`; every tensor made here is disposed
 * @throws `ENSEMBLE_EMPTY` for no clips or an empty one, `ENSEMBLE_SHAPE` when bins or the model's output do not fit, `ENSEMBLE_NOT_FINITE` for a
 *         prediction that is not finite; whatever the model throws
 * @see Akiyama & Sato 2019 §7
 */
export async function predictGrouped<Clip extends PredictClip>(
  model: PredictingModel,
  clips: readonly Clip[],
  options: PredictGroupedOptions<Clip> = {},
): Promise<GroupedPredictions> {
  const { head, prepare = (clip: Clip) => clip, groupPadding = 'masked', signal, onProgress, ...grouping } = options
  if (groupPadding !== 'masked' && groupPadding !== 'referenceCode') {
    throw new EnsembleError(
      'ENSEMBLE_RANGE',
      `predictGrouped: groupPadding must be 'masked' or 'referenceCode', got ${String(groupPadding)}. Leave it out for 'masked'.`,
    )
  }
  if (clips.length === 0)
    throw new EnsembleError('ENSEMBLE_EMPTY', 'predictGrouped: there must be at least one clip, got none. Check the list of clips.')
  clips.forEach((clip, index) => requireClip(clip, clips[0], index))

  const { groups } = groupByLength(clips.map(lengthOf), { extraLength: 0, ...grouping })
  let predictions: Float32Array | undefined
  let classes = 0
  let clipsDone = 0
  for (const { indices, length } of groups) {
    signal?.throwIfAborted()
    const masked = groupPadding === 'masked'
    const ready = indices.map((index) => prepare(masked ? clips[index] : widen(clips[index], length)))
    const lengths = ready.map(lengthOf)
    const rows = await predictBatch(model, ready, { ...(head === undefined ? {} : { head }), ...(masked ? { lengths } : {}) })
    if (predictions === undefined) {
      classes = rows.length / indices.length
      predictions = new Float32Array(clips.length * classes)
    }
    if (rows.length !== indices.length * classes) {
      throw new EnsembleError(
        'ENSEMBLE_SHAPE',
        `predictGrouped: the model must return [batch, classes] = [${indices.length}, ${classes}], got ${rows.length} values. Check its head.`,
      )
    }
    for (let i = 0; i < indices.length; i++) predictions.set(rows.subarray(i * classes, (i + 1) * classes), indices[i] * classes)
    clipsDone += indices.length
    onProgress?.({ clipsDone, clips: clips.length })
  }
  return { predictions: predictions as Float32Array, classes }
}

async function predictBatch(
  model: PredictingModel,
  clips: readonly PredictClip[],
  options: { head?: string; lengths?: number[] },
): Promise<Float32Array> {
  clips.forEach((clip, index) => requireClip(clip, clips[0], index))
  const input = stack(clips)
  let output: Tensor | undefined
  try {
    output = model.predict(input, options)
    if (output.rank !== 2 || output.shape[0] !== clips.length) {
      throw new EnsembleError(
        'ENSEMBLE_SHAPE',
        `predictGrouped: the model must return [batch, classes] with batch ${clips.length}, got [${output.shape.join(', ')}]. Check its head.`,
      )
    }
    const rows = (await output.data()) as Float32Array
    const bad = rows.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) {
      throw new EnsembleError(
        'ENSEMBLE_NOT_FINITE',
        `predictGrouped: predictions must be finite, got ${rows[bad]}. Check the model's weights and the clips.`,
      )
    }
    return rows
  } finally {
    if (output !== input) output?.dispose()
    input.dispose()
  }
}

/** One tensor, zeros behind the shorter clips. */
function stack(clips: readonly PredictClip[]): Tensor {
  const longest = Math.max(...clips.map(lengthOf))
  const [first] = clips
  if (first instanceof Float32Array) {
    const data = new Float32Array(clips.length * longest)
    clips.forEach((clip, i) => data.set(clip as Float32Array, i * longest))
    return tensor(data, [clips.length, longest])
  }
  const { bins } = first
  const data = new Float32Array(clips.length * bins * longest)
  clips.forEach((clip, i) => {
    const spectrogram = clip as Spectrogram
    for (let bin = 0; bin < bins; bin++) {
      const row = spectrogram.data.subarray(bin * spectrogram.frames, (bin + 1) * spectrogram.frames)
      data.set(row, (i * bins + bin) * longest)
    }
  })
  return tensor(data, [clips.length, bins, longest, 1])
}

/** The authors' padding to the group's length: zeros right of a power spectrogram, on both sides of a waveform. */
function widen<Clip extends PredictClip>(clip: Clip, length: number): Clip {
  if (lengthOf(clip) === length) return clip
  if (clip instanceof Float32Array) {
    const samples = new Float32Array(length)
    samples.set(clip, Math.floor((length - clip.length) / 2))
    return samples as Clip
  }
  const { data, bins, frames } = clip
  const wide = new Float32Array(bins * length)
  for (let bin = 0; bin < bins; bin++) wide.set(data.subarray(bin * frames, (bin + 1) * frames), bin * length)
  return { data: wide, bins, frames: length } as Spectrogram as Clip
}

function lengthOf(clip: PredictClip): number {
  return clip instanceof Float32Array ? clip.length : clip.frames
}

function requireClip(clip: PredictClip, first: PredictClip, index: number): void {
  if (lengthOf(clip) < 1)
    throw new EnsembleError('ENSEMBLE_EMPTY', `predictGrouped: a clip must not be empty, got clip ${index} of length 0. Drop it first.`)
  if (clip instanceof Float32Array && first instanceof Float32Array) return
  const sameKind = !(clip instanceof Float32Array) && !(first instanceof Float32Array)
  if (sameKind && clip.bins === first.bins && clip.data.length === clip.bins * clip.frames) return
  throw new EnsembleError(
    'ENSEMBLE_SHAPE',
    `predictGrouped: clips must be alike, all waveforms or all spectrograms [bins, frames] of equal bins, got another at clip ${index}. Predict them apart.`,
  )
}
