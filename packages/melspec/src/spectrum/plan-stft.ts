import { MelspecError } from '../errors.js'
import { planFft } from '../fft/plan-fft.js'
import { padSignal } from './pad-signal.js'
import type { StftOptions } from './stft-options.js'
import { makeWindow } from './window.js'

/** An STFT with its tables made once. Its two rows of bins are overwritten from one pair of frames to the next. */
export interface StftPlan {
  readonly nFft: number
  /** 1 + ⌊nFft / 2⌋ */
  readonly bins: number
  /** Number of frames of a clip. Throws `MELSPEC_SAMPLES` if it is too short. */
  frames(samples: number): number
  /** Calls back with |X|^power of frames `frame` and `frame + 1`, `[bins]` each; past the last frame the second holds zeros. */
  eachPair(samples: Float32Array, callback: (frame: number, first: Float64Array, second: Float64Array) => void): void
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
  const fft = planFft(nFft)
  const input = new Float64Array(2 * nFft)
  const output = new Float64Array(2 * nFft)
  const first = new Float64Array(bins)
  const second = new Float64Array(bins)

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
    nFft,
    bins,
    frames,
    eachPair(samples, callback) {
      const count = frames(samples.length)
      checkFinite(samples, name)
      const padded = padSignal(samples, pad, padMode, name)
      for (let frame = 0; frame < count; frame += 2) {
        // Two real frames make one complex transform: the first as real part, the second as imaginary part.
        const at = frame * hopSamples
        if (frame + 1 < count) packTwo(padded, at, at + hopSamples, window, input)
        else packOne(padded, at, window, input)
        fft.transform(input, output)
        splitPowers(output, nFft, first, second)
        if (power !== 2) {
          for (let k = 0; k < bins; k++) {
            first[k] = power === 1 ? Math.sqrt(first[k]) : first[k] ** (power / 2)
            second[k] = power === 1 ? Math.sqrt(second[k]) : second[k] ** (power / 2)
          }
        }
        callback(frame, first, second)
      }
    },
  }
}

function packTwo(padded: Float32Array, from: number, fromSecond: number, window: Float64Array, input: Float64Array): void {
  for (let n = 0; n < window.length; n++) {
    input[2 * n] = padded[from + n] * window[n]
    input[2 * n + 1] = padded[fromSecond + n] * window[n]
  }
}

function packOne(padded: Float32Array, from: number, window: Float64Array, input: Float64Array): void {
  for (let n = 0; n < window.length; n++) {
    input[2 * n] = padded[from + n] * window[n]
    input[2 * n + 1] = 0
  }
}

/** With Y the transform of a + ib: A[k] = (Y[k] + Y*[−k]) / 2 and B[k] = (Y[k] − Y*[−k]) / 2i. */
function splitPowers(output: Float64Array, nFft: number, first: Float64Array, second: Float64Array): void {
  first[0] = output[0] * output[0]
  second[0] = output[1] * output[1]
  for (let k = 1; k < first.length; k++) {
    const up = 2 * k
    const down = 2 * (nFft - k)
    const sumRe = output[up] + output[down]
    const sumIm = output[up + 1] + output[down + 1]
    const differenceRe = output[up] - output[down]
    const differenceIm = output[up + 1] - output[down + 1]
    first[k] = (sumRe * sumRe + differenceIm * differenceIm) / 4
    second[k] = (sumIm * sumIm + differenceRe * differenceRe) / 4
  }
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
