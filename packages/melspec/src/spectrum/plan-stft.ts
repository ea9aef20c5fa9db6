import { MelspecError } from '../errors.js'
import { planRealPower } from '../fft/plan-real-power.js'
import { padSignal } from './pad-signal.js'
import type { StftOptions } from './stft-options.js'
import { makeWindow } from './window.js'

/** An STFT with its tables made once. */
export interface StftPlan {
  /** 1 + ⌊nFft / 2⌋ */
  readonly bins: number
  /** Number of frames of a clip. Throws `MELSPEC_SAMPLES` if it is too short. */
  frames(samples: number): number
  /** Calls back with |X|^power of each frame, `[bins]`, overwritten from frame to frame. A frame's values depend on nothing but its samples. */
  eachFrame(samples: Float32Array, callback: (frame: number, spectrum: Float64Array) => void): void
}

/** Shared by `stftPower` and `melSpectrogram`; `name` is the function that errors speak of. */
export function planStft(options: StftOptions, name: string): StftPlan {
  const { nFft = 2048, winLength = nFft, center = true, padMode = 'constant', power = 2 } = options
  check(Number.isInteger(nFft) && nFft >= 2, name, 'nFft must be an integer of at least 2', nFft)
  check(
    Number.isInteger(winLength) && winLength >= 1 && winLength <= nFft,
    name,
    `winLength must be an integer from 1 to nFft (${nFft})`,
    winLength,
  )
  const { hopSamples = Math.max(1, Math.floor(winLength / 4)) } = options
  check(Number.isInteger(hopSamples) && hopSamples >= 1, name, 'hopSamples must be an integer of at least 1', hopSamples)
  check(Number.isFinite(power) && power > 0, name, 'power must be above 0', power)
  const window = frameWindow(options, nFft, winLength, name)
  const pad = center ? Math.floor(nFft / 2) : 0
  const bins = 1 + Math.floor(nFft / 2)
  const fft = planRealPower(nFft)
  const input = new Float64Array(nFft)
  const spectrum = new Float64Array(bins)

  function frames(samples: number): number {
    if (samples < 1) throw new MelspecError('MELSPEC_SAMPLES', `${name}: a clip must have at least 1 sample, got ${samples}.`)
    if (!center && samples < nFft) {
      throw new MelspecError(
        'MELSPEC_SAMPLES',
        `${name}: without centring a clip must have at least nFft (${nFft}) samples, got ${samples}. Pad the clip, or use { center: true }.`,
      )
    }
    return 1 + Math.floor((samples + 2 * pad - nFft) / hopSamples)
  }

  return {
    bins,
    frames,
    eachFrame(samples, callback) {
      const count = frames(samples.length)
      checkFinite(samples, name)
      const padded = padSignal(samples, pad, padMode, name)
      for (let frame = 0; frame < count; frame++) {
        cut(padded, frame * hopSamples, window, input)
        fft.transform(input, spectrum)
        if (power === 1) for (let k = 0; k < bins; k++) spectrum[k] = Math.sqrt(spectrum[k])
        else if (power !== 2) for (let k = 0; k < bins; k++) spectrum[k] **= power / 2
        callback(frame, spectrum)
      }
    },
  }
}

/** A function of its own: engines optimise it better than a loop over captured variables. */
function cut(padded: Float32Array, from: number, window: Float64Array, frame: Float64Array): void {
  for (let n = 0; n < window.length; n++) frame[n] = padded[from + n] * window[n]
}

/** `[nFft]`: the window, centred between zeros. */
function frameWindow(options: StftOptions, nFft: number, winLength: number, name: string): Float64Array {
  const { window = 'hann' } = options
  const values = typeof window === 'string' ? makeWindow(window, winLength) : window
  check(values.length === winLength, name, `window must have winLength (${winLength}) values`, `${values.length}`)
  const frame = new Float64Array(nFft)
  frame.set(values, Math.floor((nFft - winLength) / 2))
  check(frame.every(Number.isFinite), name, 'window must hold finite numbers', 'others')
  return frame
}

function checkFinite(samples: Float32Array, name: string): void {
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i]))
      throw new MelspecError('AUDIO_NOT_FINITE', `${name}: samples must be finite, got ${samples[i]} at sample ${i}.`)
  }
}

function check(ok: boolean, name: string, rule: string, value: unknown): void {
  if (!ok) throw new MelspecError('MELSPEC_OPTION', `${name}: ${rule}, got ${String(value)}.`)
}
