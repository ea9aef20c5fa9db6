import { createRng } from '@audiotag/augment'
import { architectures, createModel } from '@audiotag/models'
import type { ModelConfig } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import { tensor, tidy } from '@tensorflow/tfjs-core'
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
  /** One prediction of such a batch, down to numbers. */
  predict(size: Omit<StepSize, 'width'>): Promise<StepTime>
  dispose(): void
}

/** A network, and the time of its training steps (one stream, Adam) and predictions on random numbers, on the backend that runs now. */
export function trainingSteps(architecture: ModelSettings['architecture'], width: number): TrainingSteps {
  const rng = createRng('timed step')
  const model = createModel(timedNetwork(architecture, width), { rng })
  const optimizer = adam()
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: 'curated', loss: 'bce' }] })
  const batchOf = ({ batch, length }: Omit<StepSize, 'width'>) => {
    const shape = architectures[architecture].input === 'log-mel' ? [batch, timedMels, length, 1] : [batch, length]
    return { data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, rng), shape }
  }
  return {
    width,
    time: (size) => {
      const { batch } = size
      const input = batchOf(size)
      const targets = { data: Float32Array.from({ length: batch * 80 }, () => Number(rng() < 0.02)), shape: [batch, 80] }
      return timeOf(() => step({ curated: { input, targets } }, { learningRate: 1e-4, rng }))
    },
    predict: (size) => {
      const { data, shape } = batchOf(size)
      return timeOf(async () => {
        const scores = tidy(() => model.predict(tensor(data, shape)))
        await scores.data()
        scores.dispose()
      })
    },
    dispose: () => {
      optimizer.dispose()
      model.dispose()
    },
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<StepTime> {
  const processor = process.cpuUsage()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(processor)
  return { seconds, processorSeconds: (user + system) / 1e6 }
}
