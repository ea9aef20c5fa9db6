import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram, Waveform } from './sample.js'

/** A transform as plain JSON: its name and every option, defaults included. See `fromJSON`. */
export interface TransformJson {
  readonly transform: string
  readonly [option: string]: unknown
}

/** One random change of a sample: a frozen object. All randomness is in `draw`, all work in `apply`. */
export interface Transform<Sample extends Spectrogram | Waveform, Params extends object = object> {
  readonly name: string
  /** Chance of being applied, in [0, 1]. */
  readonly p: number
  /**
   * Decides what to do with a sample of these sizes. The result is safe in JSON; null means "leave it alone".
   *
   * @throws `AUGMENT_RANGE` when the sizes are missing or too small
   */
  draw(rng: Rng, about: SampleInfo): Params | null
  /**
   * Does it. Pure: same sample and params, same bits. Always returns new data, also for null.
   *
   * @throws `AUGMENT_SHAPE` for a sample whose sizes do not fit its data, `AUGMENT_RANGE` for params that reach beyond the sample
   */
  apply(sample: Sample, params: Params | null): Sample
  /** The sizes after `apply`, so that a chain of transforms can be drawn before any is applied. */
  resize(about: SampleInfo, params: Params | null): SampleInfo
  toJSON(): TransformJson
}
