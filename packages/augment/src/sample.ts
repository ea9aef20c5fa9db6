/** A spectrogram. Row-major: bin `b`, frame `t` is `data[b * frames + t]`. */
export interface Spectrogram {
  /** `[bins, frames]` */
  readonly data: Float32Array
  readonly bins: number
  readonly frames: number
}

/** Mono samples, ±1 full scale. */
export interface Waveform {
  /** `[samples]` */
  readonly samples: Float32Array
  /** Hertz */
  readonly sampleRate: number
}

/** What a draw may know of a sample: its sizes, never its values. A spectrogram gives `bins` and `frames`, a waveform `samples` and `sampleRate`. */
export interface SampleInfo {
  readonly bins?: number
  readonly frames?: number
  /** Number of samples. */
  readonly samples?: number
  /** Hertz */
  readonly sampleRate?: number
}

/** The sizes of a sample, as `draw` wants them. */
export function sampleInfo(sample: Spectrogram | Waveform): SampleInfo {
  return 'data' in sample ? { bins: sample.bins, frames: sample.frames } : { samples: sample.samples.length, sampleRate: sample.sampleRate }
}

/** New data, same values. */
export function copySample<Sample extends Spectrogram | Waveform>(sample: Sample): Sample {
  return 'data' in sample ? { ...sample, data: sample.data.slice() } : { ...sample, samples: sample.samples.slice() }
}
