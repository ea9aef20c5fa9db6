/** How the values of a golden tensor are spread: uniform in [center − scale, center + scale). */
export interface GoldenTensorOptions {
  /** Global seed of the set of golden files, a uint32. */
  readonly seed: number
  readonly center: number
  readonly scale: number
}

/** How golden labels are drawn: 1 with probability `density`. */
export interface GoldenLabelsOptions {
  /** Global seed of the set of golden files, a uint32. */
  readonly seed: number
  /** In [0, 1]. */
  readonly density: number
}

const fnv1a32 = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

const mulberry32 = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return (word ^ (word >>> 14)) >>> 0
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

/** The first `count` uint32 of the stream called `name`: mulberry32 started at FNV-1a(name) XOR seed. */
export function goldenWords(name: string, count: number, seed: number): Uint32Array {
  const next = mulberry32(fnv1a32(name) ^ seed)
  return Uint32Array.from({ length: count }, next)
}

/**
 * A tensor that any language can rebuild bit for bit from its name, so that golden files need no weights.
 *
 * @param name  e.g. `layer1.0.conv1.weight`
 * @param shape sizes in memory order; values are drawn row-major
 */
export function goldenTensor(name: string, shape: readonly number[], options: GoldenTensorOptions): Float32Array {
  const { seed, center, scale } = options
  const words = goldenWords(name, sizeOf(shape), seed)
  const values = new Float32Array(words.length)
  for (let i = 0; i < words.length; i++) values[i] = center + scale * (2 * (words[i] / 2 ** 32) - 1)
  return values
}

/**
 * 0/1 labels, row-major `[rows, classes]`: 1 where the draw is below `density`. A row without any gets a 1 at class ⌊its first draw · classes⌋.
 */
export function goldenLabels(name: string, shape: readonly [rows: number, classes: number], options: GoldenLabelsOptions): Float32Array {
  const [rows, classes] = shape
  const words = goldenWords(name, rows * classes, options.seed)
  const labels = Float32Array.from(words, (word) => (word / 2 ** 32 < options.density ? 1 : 0))
  for (let row = 0; row < rows; row++) {
    const start = row * classes
    if (!labels.subarray(start, start + classes).includes(1)) labels[start + Math.floor((words[start] / 2 ** 32) * classes)] = 1
  }
  return labels
}
