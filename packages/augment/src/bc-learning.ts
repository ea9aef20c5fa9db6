import { checkChoice, checkNames, checkNumber } from './check.js'
import type { GainMode } from './clip-gain.js'
import { clipGain } from './clip-gain.js'
import { drawBeta, drawChance } from './draw-numbers.js'
import type { LabelMixing } from './mix-labels.js'
import { mixLabels } from './mix-labels.js'
import type { Mixer } from './mixer.js'
import { checkPair } from './mixup.js'
import type { Rng } from './rng.js'
import type { Waveform } from './sample.js'

/** Options of `bcLearning`: distribution of the share, measure of loudness, and mixing of the labels. */
export interface BcLearningOptions {
  /** Both parameters of the beta distribution, ≥ 0.01; 1 is uniform. @defaultValue 1 */
  readonly alpha?: number
  /** How loudness is measured. @defaultValue 'A' */
  readonly gain?: GainMode
  /** @defaultValue 'linear' */
  readonly labels?: LabelMixing
  /** Mix the first clip with itself, and only the labels of the two: what the authors' code does. @defaultValue false */
  readonly selfMixBug?: boolean
  /** @defaultValue 1 */
  readonly p?: number
}

/** The share of the first clip in the labels and in perceived loudness, in [0, 1]. */
export interface BcLearningParams {
  readonly ratio: number
}

/**
 * Between-class mix: with gains G₁, G₂ (dB, see `clipGain`) and ratio r, t = 1 / (1 + 10^((G₁ − G₂) / 20) · (1 − r) / r), samples
 * (t x₁ + (1 − t) x₂) / √(t² + (1 − t)²), labels r y₁ + (1 − r) y₂: r is the share as one hears it, and the power stays.
 *
 * With `selfMixBug` x₂ = x₁, so the samples are x₁ / √(r² + (1 − r)²) whatever the gain mode.
 *
 * @throws `AUGMENT_RANGE` for options outside their range; `apply` throws `AUGMENT_NOT_FINITE` for NaN in a clip
 * @see Tokozume et al. 2018, arXiv:1711.10282; Akiyama & Sato 2019, §4
 */
export function bcLearning(options: BcLearningOptions = {}): Mixer<Waveform, BcLearningParams> {
  const { alpha = 1, gain = 'A', labels = 'linear', selfMixBug = false, p = 1 } = options
  const name = 'bcLearning'
  checkNames(name, options, ['p', 'alpha', 'gain', 'labels', 'selfMixBug'])
  checkNumber(name, 'alpha', alpha, 0.01, 1e6)
  checkChoice(name, 'gain', gain, ['A', 'rms', 'int16-rms'])
  checkChoice(name, 'labels', labels, ['linear', 'union'])
  checkChoice(name, 'selfMixBug', selfMixBug, [true, false])
  checkNumber(name, 'p', p, 0, 1)

  return Object.freeze<Mixer<Waveform, BcLearningParams>>({
    name,
    p,
    draw: (rng: Rng) => {
      const apply = drawChance(rng, p)
      const ratio = drawBeta(rng, alpha, alpha)
      return apply ? { ratio } : null
    },
    apply: (first, second, params) => {
      checkPair(name, first, second)
      if (params === null) return { input: { ...first.input, samples: first.input.samples.slice() }, labels: first.labels.slice() }
      const { ratio } = params
      checkNumber(name, 'params.ratio', ratio, 0, 1)
      const { samples, sampleRate } = first.input
      const other = selfMixBug ? samples : second.input.samples
      const t = selfMixBug
        ? ratio
        : bcProportion(clipGain(samples, { sampleRate, mode: gain }), clipGain(other, { sampleRate, mode: gain }), ratio)
      const scale = 1 / Math.hypot(t, 1 - t)
      const [one, two] = [t * scale, (1 - t) * scale]
      const mixed = new Float32Array(samples.length)
      for (let i = 0; i < mixed.length; i++) mixed[i] = one * samples[i] + two * other[i]
      return {
        input: { ...first.input, samples: mixed },
        labels: mixLabels(name, first.labels, second.labels, ratio, labels),
      }
    },
    toJSON: () => ({ transform: name, p, alpha, gain, labels, selfMixBug }),
  })
}

/** The share of the first clip's samples, in [0, 1]: 0 for ratio 0, 1 for ratio 1. Gains in dB. */
export function bcProportion(firstDecibels: number, secondDecibels: number, ratio: number): number {
  return ratio === 0 ? 0 : 1 / (1 + (10 ** ((firstDecibels - secondDecibels) / 20) * (1 - ratio)) / ratio)
}
