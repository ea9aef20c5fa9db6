import type { ModelSettings } from '../config/schema.js'

/** Clips of one full update. */
export interface ClipsPerUpdate {
  /** Through a forward and a backward pass, by stream; all are in memory together. */
  readonly trained: Readonly<Record<string, number>>
  /** Through a forward pass alone: targets that a consistency method makes. */
  readonly inferred: number
}

/** Clips of every stream of an update, the curated one's smaller last batch apart. */
export function clipsPerUpdate({ batch, losses, ssl, consistency }: ModelSettings): ClipsPerUpdate {
  const views = consistency === null ? 0 : consistency.kind === 'mixmatch' ? 2 * consistency.batch : consistency.batch
  return {
    trained: {
      curated: batch,
      ...(losses.noisy ? { noisy: batch } : {}),
      ...(ssl ? { ssl: ssl.batch } : {}),
      ...(consistency ? { unlabelled: views } : {}),
    },
    inferred: views,
  }
}

/** Clips that a stream of passes gives in so many updates: with `keepLast` the last batch of a pass is smaller. */
export function clipsOfPasses(steps: number, clips: number, batch: number, keepLast: boolean): number {
  const batches = Math.max(1, keepLast ? Math.ceil(clips / batch) : Math.floor(clips / batch))
  return Math.floor(steps / batches) * Math.min(clips, batches * batch) + Math.min(clips, (steps % batches) * batch)
}
