import { createRng } from '@audiotag/augment'
import type { Rng, SeededRng } from '@audiotag/augment'

import { DataError } from './data-error.js'

/**
 * In which order a stream takes its clips.
 *
 * - `passes`: every clip once, shuffled; batches end with the pass (the curated stream: a pass is an epoch)
 * - `endless`: passes end to end, every batch full (the noisy stream)
 * - `draws`: with replacement, first a source by its weight, then a clip of it (the SSL stream)
 */
export type BatchOrder = 'passes' | 'endless' | 'draws'

export interface BatchPlanOptions {
  readonly seed: number | string
  /** Name of the stream: streams of other names draw other numbers. */
  readonly name: string
  /** `draws`: name under which clips are drawn; default `name`. */
  readonly drawsOf?: string
  readonly order: BatchOrder
  /** Clips a batch. */
  readonly batch: number
  /** Number of clips of each source, in the order of the rows. */
  readonly sizes: readonly number[]
  /** `draws`: chance of each source, up to a factor. */
  readonly weights: readonly number[]
  /** `passes`: keep a smaller batch at the end. */
  readonly keepLast: boolean
}

/** One place in a batch: the row, counted over all sources, and the numbers its example is made with. */
export interface PlannedExample {
  readonly row: number
  readonly rng: SeededRng
}

export interface BatchPlan {
  /** Batches a pass; undefined for `draws`. */
  readonly batchesPerPass: number | undefined
  /** The rows of a step: a function of seed, name and step, never of what was asked before. */
  at(step: number): readonly PlannedExample[]
  /** A row as the stream itself would draw it: a source by its weight, a clip uniformly. */
  readonly sample: (rng: Rng) => number
}

/**
 * Decides which clips make up which batch.
 *
 * @throws DataError `argument` for no clips, or a batch below 1
 */
export function batchPlan(options: BatchPlanOptions): BatchPlan {
  const { seed, name, drawsOf = name, order, batch, sizes, weights, keepLast } = options
  const size = sizes.reduce((sum, value) => sum + value, 0)
  if (size === 0) throw new DataError('argument', `batchPlan: stream '${name}' has no clips.`)
  if (!Number.isInteger(batch) || batch < 1)
    throw new DataError('argument', `batchPlan: batch of stream '${name}' must be an integer of at least 1, got ${batch}.`)
  const shares = sizes.map((value, source) => (value === 0 ? 0 : weights[source]))
  const total = shares.reduce((sum, value) => sum + value, 0)
  if (!(total > 0) || shares.some((share) => !(share >= 0))) {
    throw new DataError('argument', `batchPlan: weights of stream '${name}' must be at least 0 and not all 0, got ${weights.join(', ')}.`)
  }
  const root = createRng(seed).fork(name)
  const draws = createRng(seed).fork(drawsOf).fork('draw')
  const orders = new Map<number, Int32Array>()
  const orderOf = (pass: number): Int32Array => {
    let rows = orders.get(pass)
    if (rows === undefined) {
      rows = shuffled(size, root.fork('order').fork(pass))
      // A batch of an endless stream touches two passes at most, unless it is larger than a pass.
      for (const other of orders.keys()) if (other < pass - 1 || other > pass + 1) orders.delete(other)
      orders.set(pass, rows)
    }
    return rows
  }
  const sample = (rng: Rng): number => {
    let left = rng() * total
    let start = 0
    let source = 0
    while (source < shares.length - 1 && (left >= shares[source] || shares[source] === 0)) {
      left -= shares[source]
      start += sizes[source]
      source++
    }
    // Rounding can lead past the last source with clips.
    while (sizes[source] === 0) start -= sizes[--source]
    return start + Math.floor(rng() * sizes[source])
  }
  const batchesPerPass = Math.max(1, keepLast ? Math.ceil(size / batch) : Math.floor(size / batch))
  const inPass = (pass: number, place: number): PlannedExample => {
    const row = orderOf(pass)[place]
    return { row, rng: root.fork('example').fork(pass).fork(row) }
  }
  const drawn = (position: number): PlannedExample => ({
    row: sample(draws.fork(position)),
    rng: root.fork('example').fork(position),
  })
  return {
    batchesPerPass: order === 'draws' ? undefined : order === 'passes' ? batchesPerPass : size / batch,
    sample,
    at: (step) => {
      if (!Number.isInteger(step) || step < 0)
        throw new DataError('argument', `batches: step must be an integer of at least 0, got ${step}.`)
      if (order === 'passes') {
        const start = (step % batchesPerPass) * batch
        return Array.from({ length: Math.min(batch, size - start) }, (_, k) => inPass(Math.floor(step / batchesPerPass), start + k))
      }
      return Array.from({ length: batch }, (_, k) => {
        const position = step * batch + k
        return order === 'draws' ? drawn(position) : inPass(Math.floor(position / size), position % size)
      })
    },
  }
}

/** Fisher–Yates. */
function shuffled(size: number, rng: Rng): Int32Array {
  const rows = Int32Array.from({ length: size }, (_, row) => row)
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1))
    const row = rows[i]
    rows[i] = rows[j]
    rows[j] = row
  }
  return rows
}
