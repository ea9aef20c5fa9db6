/** One spectrogram, row-major `[bins, frames]`: bin `b` of frame `t` is `data[b * frames + t]`. */
export interface Spectrogram {
  readonly data: Float32Array
  readonly bins: number
  readonly frames: number
}
