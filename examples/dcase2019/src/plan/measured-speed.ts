import { createRng } from '@audiotag/augment'
import { architectures, createModel, flopCounts } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import type { ModelSettings } from '../config/schema.js'

/** Speed of training steps, and the step it was measured on. */
export interface MeasuredSpeed {
  /** Of a process that no other program keeps waiting: with one thread, by the time on the processor. */
  readonly flopsPerSecond: number
  readonly width: number
  readonly batch: number
  /** Frames or samples. */
  readonly length: number
  readonly seconds: number
  /** Time of it on processors, all threads; far less where other programs hold them. */
  readonly processorSeconds: number
}

const mels = 128

/** How `measureSpeed` goes about it. */
export interface MeasureOptions {
  /** What all steps together may take. */
  readonly budgetSeconds: number
  /** Of the backend. */
  readonly threads: number
  /** Plain JavaScript: begin at 1/32 of the width, since a step at the whole width may take minutes. */
  readonly slow: boolean
}

/**
 * Times a training step (one stream, Adam) of a network on the backend that runs now: one clip of a short length at the network's width, then longer and more clips up
 * to the model's own as the time allows.
 */
export async function measureSpeed(
  { architecture, width, slice, batch }: Pick<ModelSettings, 'architecture' | 'width' | 'slice' | 'batch'>,
  { budgetSeconds, threads, slow }: MeasureOptions,
): Promise<MeasuredSpeed> {
  const start = performance.now()
  const shortest = Math.min(slice, architectures[architecture].input === 'log-mel' ? 64 : 22_050)
  const shares = slow ? [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] : [1]
  const sizes = shares.map((share) => ({ width: width * share, batch: 1, length: shortest }))
  for (let clips = 2; clips <= Math.min(4, batch); clips *= 2) sizes.push({ width, batch: clips, length: shortest })
  for (let length = 2 * shortest; length <= slice; length *= 2) sizes.push({ ...sizes.at(-1)!, length })
  for (let clips = 8; clips <= Math.min(16, batch); clips *= 2) sizes.push({ ...sizes.at(-1)!, batch: clips })
  let speed: MeasuredSpeed | undefined
  for (const size of sizes) {
    const left = budgetSeconds - (performance.now() - start) / 1000
    // Speed grows with the size, so this is the longest it can take.
    if (speed !== undefined && (stepFlops(architecture, size) / stepFlops(architecture, speed)) * speed.seconds > left) break
    speed = await timed(architecture, size, left, threads)
  }
  return speed!
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

/** The better of two steps, or one where that takes more than half the time left. */
async function timed(
  architecture: ModelSettings['architecture'],
  size: StepSize,
  secondsLeft: number,
  threads: number,
): Promise<MeasuredSpeed> {
  const { width, batch, length } = size
  const rng = createRng('plan')
  const model = createModel(network(architecture, width), { rng })
  const optimizer = adam()
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: 'curated', loss: 'bce' }] })
  const shape = architectures[architecture].input === 'log-mel' ? [batch, mels, length, 1] : [batch, length]
  const input = { data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, rng), shape }
  const targets = { data: Float32Array.from({ length: batch * 80 }, () => Number(rng() < 0.02)), shape: [batch, 80] }
  const once = async (): Promise<Pick<MeasuredSpeed, 'seconds' | 'processorSeconds'>> => {
    const before = process.cpuUsage()
    const start = performance.now()
    await step({ curated: { input, targets } }, { learningRate: 1e-4, rng })
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(before)
    return { seconds, processorSeconds: (user + system) / 1e6 }
  }
  let best = await once()
  if (best.seconds < secondsLeft / 2) {
    const second = await once()
    if (second.seconds < best.seconds) best = second
  }
  optimizer.dispose()
  model.dispose()
  const computing = threads === 1 ? Math.min(best.seconds, best.processorSeconds) : best.seconds
  return { flopsPerSecond: stepFlops(architecture, size) / computing, width, batch, length, ...best }
}
