import type { Rng } from '@audiotag/models'

/** A small generator for tests: multiplicative congruential, uniform in (0, 1). */
export function seeded(seed: number): Rng {
  let state = (seed * 7919 + 1) % 2147483647
  return () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647
  }
}
