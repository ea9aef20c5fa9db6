import { randomBeta, randomGamma } from 'd3-random'
import { checkNumber, checkPositive } from './check.js'
import { createRng } from './create-rng.js'
import { AugmentError } from './errors.js'
import type { Rng } from './rng.js'

/** One number of `rng`, which must keep to [0, 1). */
function unit(rng: Rng): number {
  const u = rng()
  if (u >= 0 && u < 1) return u
  throw new AugmentError('AUGMENT_RNG', `draw: rng must return numbers in [0, 1), got ${String(u)}. Pass createRng(seed).`)
}

/** True with probability `p`. Always takes one number, so that changing `p` moves no other draw. */
export function drawChance(rng: Rng, p: number): boolean {
  return unit(rng) < p
}

/** Uniform in [min, max). */
export function drawUniform(rng: Rng, min: number, max: number): number {
  return min + unit(rng) * (max - min)
}

/** Uniform over the integers min … max, both included. */
export function drawInteger(rng: Rng, min: number, max: number): number {
  return min + Math.floor(unit(rng) * (max - min + 1))
}

/**
 * Beta(alpha, beta), in [0, 1]: mean α / (α + β). MixUp's λ is Beta(α, α).
 *
 * @throws `AUGMENT_RANGE` outside [0.01, 1e6]: below, draws round to 0 and 1
 */
export function drawBeta(rng: Rng, alpha: number, beta: number): number {
  checkNumber('drawBeta', 'alpha', alpha, 0.01, 1e6)
  checkNumber('drawBeta', 'beta', beta, 0.01, 1e6)
  return randomBeta.source(() => unit(rng))(alpha, beta)()
}

/**
 * Gamma with the given shape and scale, ≥ 0: mean shape · scale.
 *
 * @throws `AUGMENT_RANGE` for a shape outside [0.01, 1e6] or a scale that is not positive
 */
export function drawGamma(rng: Rng, shape: number, scale = 1): number {
  checkNumber('drawGamma', 'shape', shape, 0.01, 1e6)
  checkPositive('drawGamma', 'scale', scale)
  return randomGamma.source(() => unit(rng))(shape, scale)()
}

/**
 * Streams by name, from two numbers of `rng`: what one part draws never moves what another part draws. Not `rng.fork`, because
 * that would give the same streams again when a caller draws twice from one `rng`.
 */
export function namedStreams(rng: Rng): (name: string) => Rng {
  const base = createRng(`${unit(rng)} ${unit(rng)}`)
  return (name) => base.fork(name)
}
