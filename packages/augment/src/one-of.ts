import { checkInteger, checkNames, checkNumber, show } from './check.js'
import { checkTransforms } from './compose.js'
import { drawChance, drawUniform, namedStreams } from './draw-numbers.js'
import { AugmentError } from './errors.js'
import { copySample } from './sample.js'
import type { Spectrogram, Waveform } from './sample.js'
import type { Transform } from './transform.js'

/** Options of `oneOf`: chance of each, and of any. */
export interface OneOfOptions {
  /** How often each is chosen, relative to the others, ≥ 0. @defaultValue all alike */
  readonly weights?: readonly number[]
  /** @defaultValue 1 */
  readonly p?: number
}

/** Which transform, and its own params (null where its own `p` skipped it). */
export interface OneOfParams {
  readonly choice: number
  readonly params: object | null
}

/**
 * One of several transforms, chosen at random.
 *
 * @throws `AUGMENT_RANGE` for an empty list, or weights that are negative, all 0 or of another number
 * @example
 * import { createRng, frequencyMask, oneOf, timeMask } from '@audiotag/augment'
 * const mask = oneOf([frequencyMask({ p: 1 }), timeMask({ p: 1 })], { weights: [3, 1] })
 * const { choice } = mask.draw(createRng(1), { bins: 128, frames: 512 })
 * choice === 0 || choice === 1 // => true
 */
export function oneOf<Sample extends Spectrogram | Waveform>(
  transforms: readonly Transform<Sample>[],
  options: OneOfOptions = {},
): Transform<Sample, OneOfParams> {
  const name = 'oneOf'
  const { p = 1 } = options
  checkNames(name, options, ['p', 'weights'])
  checkNumber(name, 'p', p, 0, 1)
  checkTransforms(name, transforms)
  checkInteger(name, 'the number of transforms', transforms.length, 1)
  const choices = Object.freeze([...transforms])
  const weights = options.weights === undefined ? choices.map(() => 1) : [...options.weights]
  weights.forEach((weight, i) => checkNumber(name, `weights[${i}]`, weight, 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (weights.length !== choices.length || total === 0) {
    throw new AugmentError(
      'AUGMENT_RANGE',
      `${name}: weights must be one number for each transform (${choices.length}), not all 0, got ${show(weights)}.`,
    )
  }
  const chosen = (choice: number): Transform<Sample> => {
    checkInteger(name, 'params.choice', choice, 0, choices.length - 1)
    return choices[choice]
  }

  return Object.freeze<Transform<Sample, OneOfParams>>({
    name,
    p,
    draw: (rng, about) => {
      const applied = drawChance(rng, p)
      let rest = drawUniform(rng, 0, total)
      let choice = weights.findIndex((weight) => (rest -= weight) < 0)
      if (choice === -1) choice = weights.findLastIndex((weight) => weight > 0) // rounding of the sum
      const params = chosen(choice).draw(namedStreams(rng)(`${choice}`), about)
      return applied ? { choice, params } : null
    },
    apply: (sample, drawn) => (drawn === null ? copySample(sample) : chosen(drawn.choice).apply(sample, drawn.params)),
    resize: (about, drawn) => (drawn === null ? about : chosen(drawn.choice).resize(about, drawn.params)),
    toJSON: () => ({ transform: name, p, weights, transforms: choices.map((transform) => transform.toJSON()) }),
  })
}
