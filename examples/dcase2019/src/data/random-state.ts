/** The part of NumPy's legacy `RandomState` that scikit-learn's folds need. Integers only, so every bit agrees. */
export interface RandomState {
  /** The next 32-bit output of MT19937. */
  uint32(): number
  /** Fisher–Yates from the last item down, in place, partners drawn by masked rejection. At most 2^32 − 1 items. */
  shuffle(items: Int32Array): void
  /** 0 … n − 1, shuffled. */
  permutation(n: number): Int32Array
}

const size = 624
const shift = 397

/**
 * `numpy.random.RandomState(seed)`: MT19937 (Matsumoto & Nishimura 1998) with `init_genrand`.
 *
 * @param seed 0 … 2^32 − 1
 * @throws RangeError for any other seed
 */
export function randomState(seed: number): RandomState {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`randomState: seed must be an integer from 0 to 4294967295, got ${seed}.`)
  }
  const state = new Uint32Array(size)
  state[0] = seed
  for (let i = 1; i < size; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i
  let next = size

  const twist = (): void => {
    for (let i = 0; i < size; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff)
      state[i] = state[(i + shift) % size] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    next = 0
  }

  const uint32 = (): number => {
    if (next === size) twist()
    let y = state[next++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  const shuffle = (items: Int32Array): void => {
    for (let i = items.length - 1; i > 0; i--) {
      const mask = 0xffffffff >>> Math.clz32(i)
      let j = (uint32() & mask) >>> 0
      while (j > i) j = (uint32() & mask) >>> 0
      const item = items[i]
      items[i] = items[j]
      items[j] = item
    }
  }

  return {
    uint32,
    shuffle,
    permutation: (n) => {
      const items = Int32Array.from({ length: n }, (_, index) => index)
      shuffle(items)
      return items
    },
  }
}
