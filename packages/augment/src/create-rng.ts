import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import { show } from './check.js'
import { AugmentError } from './errors.js'
import { hashKey } from './hash-key.js'
import type { RngState, SeededRng } from './rng.js'

const ROOT = [0x61756469, 0x6f746167, 0x2d726e67, 1]

/**
 * A seeded stream of uniform numbers in [0, 1): 53 bits each, xoroshiro128+ (pure-rand) keyed by a 128-bit hash of seed and labels.
 * Fork it by *what* a number is for, so that no order of calls and no number of workers changes a result.
 *
 * @param seed any string or finite number; a number means its decimal string
 * @throws `AUGMENT_RANGE` for NaN and infinities
 * @example
 * import { createRng } from '@audiotag/augment'
 * const rng = createRng(42)
 * rng.fork('epoch-3').fork('clip-17')() === createRng('42').fork('epoch-3').fork('clip-17')() // => true
 */
export function createRng(seed: number | string): SeededRng {
  const key = hashKey(ROOT, label('createRng', 'seed', seed))
  return stream(key, key)
}

/**
 * The stream that `state()` was called on, at the place where it stood.
 *
 * @param saved what `state()` returned, also after a round trip through JSON
 * @throws `AUGMENT_JSON` for anything else
 */
export function restoreRng(saved: RngState): SeededRng {
  const { key, state } = (saved ?? {}) as Partial<RngState>
  if (!isState(key) || !isState(state)) {
    throw new AugmentError(
      'AUGMENT_JSON',
      `restoreRng: state must be { key, state } with 4 int32 each, not all zero, got ${show(saved)}. Pass what state() returned.`,
    )
  }
  return stream(key, state)
}

function stream(key: readonly number[], state: readonly number[]): SeededRng {
  const generator = xoroshiro128plusFromState(state)
  const next = (): number => uniformFloat64(generator)
  return Object.assign(next, {
    fork: (name: string | number): SeededRng => {
      const child = hashKey(key, label('fork', 'label', name))
      return stream(child, child)
    },
    state: (): RngState => ({ key: [...key], state: [...generator.getState()] }),
  })
}

function label(caller: string, field: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  throw new AugmentError('AUGMENT_RANGE', `${caller}: ${field} must be a string or a finite number, got ${show(value)}.`)
}

function isState(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 4 && value.every((word) => word === (word | 0)) && value.some((word) => word !== 0)
}
