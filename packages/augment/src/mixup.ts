import { checkChoice, checkNames, checkNumber, checkSpectrogram, checkWaveform } from './check.js'
import { drawBeta, drawChance } from './draw-numbers.js'
import { AugmentError } from './errors.js'
import type { Example } from './example.js'
import type { LabelMixing } from './mix-labels.js'
import { mixLabels } from './mix-labels.js'
import type { Mixer } from './mixer.js'
import type { Rng } from './rng.js'
import type { Spectrogram, Waveform } from './sample.js'

/** Options of `mixup`: distribution of the share, and mixing of the labels. */
export interface MixupOptions {
  /** Both parameters of the beta distribution, ≥ 0.01; 1 is uniform. @defaultValue 1 */
  readonly alpha?: number
  /** @defaultValue 'linear' */
  readonly labels?: LabelMixing
  /** @defaultValue 0.5 */
  readonly p?: number
}

/** The share of the first example, in [0, 1]. */
export interface MixupParams {
  readonly lambda: number
}

/**
 * MixUp: λ · first + (1 − λ) · second, λ ~ Beta(α, α), for inputs and labels alike. Spectrograms are mixed as they are given: give
 * power, as the paper does, not dB.
 *
 * @throws `AUGMENT_RANGE` for `alpha` below 0.01, where λ rounds to 0 or 1
 * @see Zhang et al. 2018, arXiv:1710.09412; Akiyama & Sato 2019, §4
 * @example
 * import { mixup } from '@audiotag/augment'
 * const first = { input: { data: Float32Array.of(1, 2), bins: 1, frames: 2 }, labels: Float32Array.of(1, 0) }
 * const second = { input: { data: Float32Array.of(3, 4), bins: 1, frames: 2 }, labels: Float32Array.of(0, 1) }
 * const mixed = mixup({ p: 1 }).apply(first, second, { lambda: 0.75 })
 * Array.from(mixed.input.data) // => [1.5, 2.5]
 * Array.from(mixed.labels) // => [0.75, 0.25]
 */
export function mixup<Sample extends Spectrogram | Waveform = Spectrogram>(options: MixupOptions = {}): Mixer<Sample, MixupParams> {
  const { alpha = 1, labels = 'linear', p = 0.5 } = options
  const name = 'mixup'
  checkNames(name, options, ['p', 'alpha', 'labels'])
  checkNumber(name, 'alpha', alpha, 0.01, 1e6)
  checkChoice(name, 'labels', labels, ['linear', 'union'])
  checkNumber(name, 'p', p, 0, 1)

  return Object.freeze<Mixer<Sample, MixupParams>>({
    name,
    p,
    draw: (rng: Rng) => {
      const apply = drawChance(rng, p)
      const lambda = drawBeta(rng, alpha, alpha)
      return apply ? { lambda } : null
    },
    apply: (first, second, params) => {
      checkPair(name, first, second)
      const lambda = params === null ? 1 : params.lambda
      checkNumber(name, 'params.lambda', lambda, 0, 1)
      return {
        input: withValues(
          first.input,
          lambda === 1 ? values(first.input).slice() : blend(values(first.input), values(second.input), lambda),
        ),
        labels: params === null ? first.labels.slice() : mixLabels(name, first.labels, second.labels, lambda, labels),
      }
    },
    toJSON: () => ({ transform: name, p, alpha, labels }),
  })
}

/** lambda · first + (1 − lambda) · second, new. */
export function blend(first: Float32Array, second: Float32Array, lambda: number): Float32Array {
  const mixed = new Float32Array(first.length)
  for (let i = 0; i < mixed.length; i++) mixed[i] = lambda * first[i] + (1 - lambda) * second[i]
  return mixed
}

/** Both examples must be sound and of one size. */
export function checkPair<Sample extends Spectrogram | Waveform>(caller: string, first: Example<Sample>, second: Example<Sample>): void {
  for (const { input } of [first, second]) {
    if ('data' in input) checkSpectrogram(caller, input)
    else checkWaveform(caller, input)
  }
  const [one, two] = [sizes(first.input), sizes(second.input)]
  if (one !== two) {
    throw new AugmentError(
      'AUGMENT_SHAPE',
      `${caller}: both examples must have the same sizes, got ${one} and ${two}. Slice them to one length first.`,
    )
  }
  if (first.labels.length !== second.labels.length) {
    throw new AugmentError(
      'AUGMENT_SHAPE',
      `${caller}: both examples must have the same classes, got ${first.labels.length} and ${second.labels.length}.`,
    )
  }
}

function sizes(sample: Spectrogram | Waveform): string {
  return 'data' in sample ? `${sample.bins} bins · ${sample.frames} frames` : `${sample.samples.length} samples at ${sample.sampleRate} Hz`
}

function values(sample: Spectrogram | Waveform): Float32Array {
  return 'data' in sample ? sample.data : sample.samples
}

function withValues<Sample extends Spectrogram | Waveform>(sample: Sample, data: Float32Array): Sample {
  return 'data' in sample ? { ...sample, data } : { ...sample, samples: data }
}
