import type { Rng } from './rng.js'
import type { SampleInfo, Spectrogram, Waveform } from './sample.js'

/** One training example: what goes in and what should come out. */
export interface Example<Input extends Spectrogram | Waveform> {
  readonly input: Input
  /** `[classes]`, each in [0, 1]; mixed examples have fractions. */
  readonly labels: Float32Array
}

/** The clips an {@link ExamplePipeline} takes its material from. */
export interface ExampleSource<Input extends Spectrogram | Waveform> {
  /** Number of clips, ≥ 1. */
  readonly size: number
  /** The sizes of clip `index`, 0 … size − 1, without its data. */
  about(index: number): SampleInfo
  /** Clip `index`. Never changed, so it may come from a cache. */
  get(index: number): Example<Input>
}

/** A pipeline as plain JSON: its name and every option, defaults included. See `pipelineFromJSON`. */
export interface PipelineJson {
  readonly pipeline: string
  readonly [option: string]: unknown
}

/** Makes whole training examples, partners of mixes included. */
export interface ExamplePipeline<Input extends Spectrogram | Waveform, Draw extends object = object> {
  readonly name: string
  /**
   * Decides everything about the example made of clip `index`. Needs no data, only sizes; the result is safe in JSON.
   *
   * @throws `AUGMENT_RANGE` for an index outside the source, also one that `partner` returned
   */
  draw(rng: Rng, index: number, source: Pick<ExampleSource<Input>, 'size' | 'about'>): Draw
  /**
   * Makes it. Pure: same source and draw, same bits. The example returned is new and belongs to the caller.
   *
   * @param into where the input's values go instead of into a new array, for example one row of a batch: as long as an example,
   *   whatever it held is gone
   * @throws `AUGMENT_SHAPE` when clips do not fit together, `AUGMENT_RANGE` for a draw that reaches beyond a clip
   */
  apply(source: Pick<ExampleSource<Input>, 'get'>, draw: Draw, into?: Float32Array): Example<Input>
  toJSON(): PipelineJson
}
