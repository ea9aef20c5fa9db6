/** A source of uniform numbers in [0, 1). `Math.random` fits the type, but nothing here calls it. */
export type Rng = () => number

/** What a {@link SeededRng} is at one moment: plain numbers, safe in JSON. */
export interface RngState {
  /** 4 int32: what `fork` derives from. Never changes in the life of a stream. */
  readonly key: readonly number[]
  /** 4 int32: where the stream stands. */
  readonly state: readonly number[]
}

/** A stream of uniform numbers in [0, 1) with a name: its seed and the labels it was forked by. */
export interface SeededRng extends Rng {
  /**
   * The stream called `label` below this one. It depends on this stream's name and the label, never on how many numbers were
   * drawn or which forks came before, so the number of workers changes nothing. A number means its decimal string.
   */
  fork(label: string | number): SeededRng
  /** The present state, for a checkpoint: see `restoreRng`. */
  state(): RngState
}
