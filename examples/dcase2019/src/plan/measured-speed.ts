import { createRng } from '@audiotag/augment'
import { architectures, createModel, flopCounts } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import type { ModelSettings } from '../config/schema.js'

/** Speed of training steps, and the step it was measured on. */
export interface MeasuredSpeed {
  readonly flopsPerSecond: number
  readonly width: number
  readonly batch: number
  /** Frames or samples. */
  readonly length: number
  readonly seconds: number
}

const mels = 128

/**
 * Times a training step (one stream, Adam) of a network on the backend that runs now, at the largest size up to the model's own of which a step is expected to take less
 * than `stepSeconds`: width first, then length, then clips. The best of three steps counts.
 */
export async function measureSpeed(
  { architecture, width, slice, batch }: Pick<ModelSettings, 'architecture' | 'width' | 'slice' | 'batch'>,
  stepSeconds: number,
): Promise<MeasuredSpeed> {
  const isLogmel = architectures[architecture].input === 'log-mel'
  const shortest = Math.min(slice, isLogmel ? 64 : 22_050)
  const sizes = [0.125, 0.25, 0.5, 1].map((share) => ({ width: width * share, batch: 2, length: shortest }))
  for (let length = 2 * shortest; length <= slice; length *= 2) sizes.push({ width, batch: 2, length })
  const last = sizes.at(-1)!
  for (let clips = 4; clips <= Math.min(16, batch); clips *= 2) sizes.push({ ...last, batch: clips })
  let best = await timed(architecture, sizes[0], 1)
  for (const size of sizes.slice(1)) {
    if (stepFlops(architecture, size) / best.flopsPerSecond > stepSeconds) break
    best = await timed(architecture, size, 1)
  }
  const again = await timed(architecture, best, 2)
  return again.seconds < best.seconds ? again : best
}

interface StepSize {
  readonly width: number
  readonly batch: number
  readonly length: number
}

const network = (architecture: ModelSettings['architecture'], width: number) =>
  ({ architecture, width, classes: 80, activation: 'sigmoid' }) as const

function stepFlops(architecture: ModelSettings['architecture'], { width, batch, length }: StepSize): number {
  const { forward, backward } = flopCounts(network(architecture, width), { length, mels })
  return batch * (forward + backward)
}

async function timed(architecture: ModelSettings['architecture'], size: StepSize, repeats: number): Promise<MeasuredSpeed> {
  const { width, batch, length } = size
  const rng = createRng('plan')
  const model = createModel(network(architecture, width), { rng })
  const optimizer = adam()
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: 'curated', loss: 'bce' }] })
  const shape = architectures[architecture].input === 'log-mel' ? [batch, mels, length, 1] : [batch, length]
  const input = { data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, rng), shape }
  const targets = { data: Float32Array.from({ length: batch * 80 }, () => Number(rng() < 0.02)), shape: [batch, 80] }
  let seconds = Infinity
  for (let i = 0; i < repeats; i++) {
    const start = performance.now()
    await step({ curated: { input, targets } }, { learningRate: 1e-4, rng })
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  optimizer.dispose()
  model.dispose()
  return { flopsPerSecond: stepFlops(architecture, size) / seconds, width, batch, length, seconds }
}
