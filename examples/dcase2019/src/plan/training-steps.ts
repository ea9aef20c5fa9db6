import { createRng } from '@audiotag/augment'
import { architectures, createModel } from '@audiotag/models'
import type { ModelConfig } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import type { ModelSettings } from '../config/schema.js'

/** Mel bands of the inputs that are timed: the paper's. */
export const timedMels = 128

/** A step to time. */
export interface StepSize {
  readonly width: number
  readonly batch: number
  /** Frames or samples. */
  readonly length: number
}

/** Time that a step took, and on processors, all threads. */
export interface StepTime {
  readonly seconds: number
  readonly processorSeconds: number
}

/** What is timed: a network with one head of the paper's 80 classes. */
export const timedNetwork = (architecture: ModelSettings['architecture'], width: number): ModelConfig => ({
  architecture,
  width,
  classes: 80,
  activation: 'sigmoid',
})

/** See `trainingSteps`. */
export interface TrainingSteps {
  readonly width: number
  /** One step on a batch of so many clips. */
  time(size: Omit<StepSize, 'width'>): Promise<StepTime>
  dispose(): void
}

/** A network, and the time of its training steps (one stream, Adam) on random numbers, on the backend that runs now. */
export function trainingSteps(architecture: ModelSettings['architecture'], width: number): TrainingSteps {
  const rng = createRng('timed step')
  const model = createModel(timedNetwork(architecture, width), { rng })
  const optimizer = adam()
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: 'curated', loss: 'bce' }] })
  return {
    width,
    time: async ({ batch, length }: Omit<StepSize, 'width'>): Promise<StepTime> => {
      const shape = architectures[architecture].input === 'log-mel' ? [batch, timedMels, length, 1] : [batch, length]
      const input = { data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, rng), shape }
      const targets = { data: Float32Array.from({ length: batch * 80 }, () => Number(rng() < 0.02)), shape: [batch, 80] }
      const processor = process.cpuUsage()
      const start = performance.now()
      await step({ curated: { input, targets } }, { learningRate: 1e-4, rng })
      const seconds = (performance.now() - start) / 1000
      const { user, system } = process.cpuUsage(processor)
      return { seconds, processorSeconds: (user + system) / 1e6 }
    },
    dispose: () => {
      optimizer.dispose()
      model.dispose()
    },
  }
}
