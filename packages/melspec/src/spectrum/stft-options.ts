import type { WindowName } from './window.js'

/** How a signal is cut into frames and transformed: `librosa.stft`'s options. */
export interface StftOptions {
  /** Size of the Fourier transform in samples, at least 2; 2560 is as fast as a power of two. Default 2048. */
  readonly nFft?: number
  /** Step from frame to frame in samples, at least 1. Default ⌊winLength / 4⌋. */
  readonly hopSamples?: number
  /** Length of the window in samples, 1 to nFft; centred in the frame. Default nFft. */
  readonly winLength?: number
  /** A periodic window by name, or `[winLength]` numbers. Default `'hann'`. */
  readonly window?: WindowName | ArrayLike<number>
  /** true (default): frame `t` is centred on sample `t · hopSamples`. false: it begins there. */
  readonly center?: boolean
  /** What lies outside the clip when centred, as `numpy.pad`: default `'constant'` (zeros), as librosa since 0.9. */
  readonly padMode?: PadMode
  /** Exponent of the magnitude, above 0: 2 (default) for power, 1 for amplitude. */
  readonly power?: number
}

/** As `numpy.pad`. `'reflect'` does not repeat the edge sample, `'symmetric'` does; both go back and forth over a short clip. */
export type PadMode = 'constant' | 'reflect' | 'symmetric' | 'edge' | 'wrap'
