import { randomBeta } from 'd3-random'
import { checkPositive } from './check-probabilities.js'
import { SslError } from './errors.js'
import type { Rng } from './rng.js'

/** What {@link drawMixMatch} drew, JSON-safe: for each example, labelled ones first, its partner and its own share. */
export interface MixMatchDraw {
  /** Index of the partner among labelled and unlabelled examples together; a permutation. */
  readonly partners: readonly number[]
  /** Share λ' of the example itself, 0.5 to 1. */
  readonly shares: readonly number[]
}

/** Examples as numbers, one row each: inputs `[examples, …]` and targets `[examples, classes]`, both flat. */
export interface MixMatchExamples {
  readonly examples: number
  readonly inputs: Float32Array
  readonly targets: Float32Array
}

/**
 * Draws how a MixMatch batch is mixed: a random partner for every example out of labelled and unlabelled ones together, and a share
 * λ' = max(λ, 1 − λ) with λ from Beta(alpha, alpha), so that each example stays nearer to itself.
 *
 * @throws SslError `'option'`
 *
 * Berthelot et al. 2019, algorithm 1.
 */
export function drawMixMatch(
  rng: Rng,
  { labelled, unlabelled, alpha = 0.75 }: { readonly labelled: number; readonly unlabelled: number; readonly alpha?: number },
): MixMatchDraw {
  checkPositive('drawMixMatch', 'alpha', alpha)
  for (const [name, count] of [['labelled', labelled] as const, ['unlabelled', unlabelled] as const]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new SslError('option', `drawMixMatch: ${name} must be a whole number of at least 0, got ${count}.`)
    }
  }
  const examples = labelled + unlabelled
  const partners = Array.from({ length: examples }, (_, i) => i)
  for (let i = examples - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1))
    ;[partners[i], partners[j]] = [partners[j], partners[i]]
  }
  const beta = randomBeta.source(rng)(alpha, alpha)
  const shares = partners.map(() => {
    const share = beta()
    return Math.max(share, 1 - share)
  })
  return { partners, shares }
}

/**
 * Mixes labelled and unlabelled examples by a draw: λ' · own + (1 − λ') · partner, inputs and targets alike. Targets of the unlabelled ones are
 * guesses: `mixMatchSharpen` of the mean prediction over several augmentations (`guessLabels` of `@audiotag/ssl/tfjs`).
 * Multi-label targets mix as they are, in [0, 1] class by class.
 *
 * @returns both sets mixed, in new arrays; the supervised loss goes to the first, a mean squared error with a ramped weight to the second
 * @throws SslError `'shape'`
 *
 * Berthelot et al. 2019, algorithm 1. Paper §5.2 tried it without gain.
 *
 * @example
 * const labelled = { examples: 1, inputs: Float32Array.of(1, 1), targets: Float32Array.of(1, 0) }
 * const unlabelled = { examples: 1, inputs: Float32Array.of(0, 0), targets: Float32Array.of(0, 1) }
 * const mixed = mixMatch(labelled, unlabelled, { partners: [1, 0], shares: [0.75, 1] })
 * mixed.labelled.targets // => [0.75, 0.25]
 * mixed.unlabelled.inputs // => [0, 0]
 */
export function mixMatch(
  labelled: MixMatchExamples,
  unlabelled: MixMatchExamples,
  { partners, shares }: MixMatchDraw,
): { labelled: MixMatchExamples; unlabelled: MixMatchExamples } {
  const count = labelled.examples + unlabelled.examples
  if (partners.length !== count || shares.length !== count) {
    throw new SslError('shape', `mixMatch: the draw is for ${partners.length} examples, there are ${count}. Draw with these very counts.`)
  }
  const alien = partners.findIndex((partner) => !Number.isSafeInteger(partner) || partner < 0 || partner >= count)
  if (alien >= 0) throw new SslError('shape', `mixMatch: partner ${partners[alien]} of example ${alien} is none of the ${count} examples.`)
  const torn = shares.findIndex((share) => !(share >= 0 && share <= 1))
  if (torn >= 0) throw new SslError('option', `mixMatch: shares must be within 0 and 1, got ${shares[torn]} for example ${torn}.`)
  const mixed = (part: 'inputs' | 'targets'): { labelled: Float32Array; unlabelled: Float32Array } => {
    const rows = [...rowsOf('labelled', part, labelled), ...rowsOf('unlabelled', part, unlabelled)]
    const size = rows.length === 0 ? 0 : rows[0].length
    if (rows.some((row) => row.length !== size)) {
      throw new SslError(
        'shape',
        `mixMatch: labelled and unlabelled ${part} must be of one size, got ${size} and ${rows.at(-1)?.length} numbers an example.`,
      )
    }
    const out = new Float32Array(count * size)
    rows.forEach((own, i) => {
      const partner = rows[partners[i]]
      const share = shares[i]
      for (let k = 0; k < size; k++) out[i * size + k] = share * own[k] + (1 - share) * partner[k]
    })
    const border = labelled.examples * size
    return { labelled: out.slice(0, border), unlabelled: out.slice(border) }
  }
  const [inputs, targets] = [mixed('inputs'), mixed('targets')]
  return {
    labelled: { examples: labelled.examples, inputs: inputs.labelled, targets: targets.labelled },
    unlabelled: { examples: unlabelled.examples, inputs: inputs.unlabelled, targets: targets.unlabelled },
  }
}

function rowsOf(set: string, part: 'inputs' | 'targets', examples: MixMatchExamples): Float32Array[] {
  const values = examples[part]
  const size = values.length / examples.examples
  if (examples.examples === 0 && values.length === 0) return []
  if (!Number.isSafeInteger(size)) {
    throw new SslError('shape', `mixMatch: ${values.length} numbers are no whole rows of ${examples.examples} ${set} ${part}.`)
  }
  return Array.from({ length: examples.examples }, (_, i) => values.subarray(i * size, (i + 1) * size))
}
