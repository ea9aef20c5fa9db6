import { randomBeta, randomGamma } from 'd3-random'
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

/** Beta(alpha, beta) in [0, 1]: mean α / (α + β). */
export function drawBeta(rng: Rng, alpha: number, beta: number): number {
  return randomBeta.source(() => unit(rng))(alpha, beta)()
}

/** Gamma with the given shape and scale: mean shape · scale. */
export function drawGamma(rng: Rng, shape: number, scale = 1): number {
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
