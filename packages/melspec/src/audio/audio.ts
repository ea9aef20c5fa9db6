/** Decoded audio, one array a channel. Full scale is ±1. */
export interface Audio {
  /** `[channels][samples]`; all channels have the same length. */
  readonly channelData: readonly Float32Array[]
  /** Hz */
  readonly sampleRate: number
}

/** Mono audio. Full scale is ±1. */
export interface Waveform {
  readonly samples: Float32Array
  /** Hz */
  readonly sampleRate: number
}
