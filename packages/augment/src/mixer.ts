import type { Example } from './example.js'
import type { Rng } from './rng.js'
import type { Spectrogram, Waveform } from './sample.js'
import type { TransformJson } from './transform.js'

/** A random mix of two examples, inputs and labels by the same draw: a frozen object. */
export interface Mixer<Sample extends Spectrogram | Waveform, Params extends object = object> {
  readonly name: string
  /** Chance of being mixed, in [0, 1]. */
  readonly p: number
  /** The ratio, safe in JSON; null means "the first example alone". */
  draw(rng: Rng): Params | null
  /**
   * Mixes. Pure; always returns new data, for null a copy of `first`.
   *
   * @throws `AUGMENT_SHAPE` when the two have different sizes, sample rates or classes
   */
  apply(first: Example<Sample>, second: Example<Sample>, params: Params | null): Example<Sample>
  toJSON(): TransformJson
}
