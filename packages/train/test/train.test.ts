import { createTrainStep, sgd, train, TrainError, type Batches, type TrainEvent, type TrainOptions } from '@audiotag/train'
import { describeBackends, expectNoLeaks } from '@audiotag/testkit'
import { expect, test } from 'vitest'
import { tinyBatch, tinyModel } from './tiny-model.js'

const batches = (step: number): Batches => ({ curated: tinyBatch(`curated/${step}`) })

interface Run {
  readonly options: TrainOptions
  readonly dispose: () => void
}
const make = (over: Partial<TrainOptions> = {}): Run => {
  const model = tinyModel()
  const optimizer = sgd({ momentum: 0.9 })
  const step = createTrainStep({ model, optimizer, streams: [{ name: 'curated', head: 'curated', loss: 'bce' }] })
  return {
    options: { step, batches, learningRate: (i) => 0.1 / (i + 1), steps: 7, stepsPerEpoch: 3, ...over },
    dispose: () => {
      model.dispose()
      optimizer.dispose()
    },
  }
}
const collect = async (options: TrainOptions): Promise<TrainEvent[]> => {
  const events: TrainEvent[] = []
  for await (const event of train(options)) events.push(event)
  return events
}
const outline = (events: TrainEvent[]): string => events.map(({ type, step }) => `${type} ${step}`).join(', ')

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test('events: steps count updates done, epochs carry means, cycles end on time, the last event is done', async () => {
    await expectNoLeaks(async () => {
      const { options, dispose } = make({ cycleSteps: 6 })
      const events = await collect(options)
      expect(outline(events)).toBe('step 1, step 2, step 3, epoch 3, step 4, step 5, step 6, epoch 6, cycle 6, step 7, done 7')
      const losses = events.flatMap((event) => (event.type === 'step' ? [event.total] : []))
      const epochs = events.filter((event) => event.type === 'epoch')
      expect(epochs.map(({ epoch, updates }) => [epoch, updates])).toEqual([
        [1, 3],
        [2, 3],
      ])
      for (const [k, { total, streams }] of epochs.entries()) {
        const mean = losses.slice(3 * k, 3 * k + 3).reduce((a, b) => a + b, 0) / 3
        expect(total).toBeCloseTo(mean, 12)
        expect(streams['curated']).toBeCloseTo(mean, 12)
      }
      const rates = events.flatMap((event) => (event.type === 'step' ? [event.learningRate] : []))
      expect(rates).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => 0.1 / (i + 1)))
      dispose()
    })
  })

  test('a run that goes on inside an epoch says over how many updates its mean is', async () => {
    await expectNoLeaks(async () => {
      const { options, dispose } = make({ startStep: 5 })
      const events = await collect(options)
      expect(outline(events)).toBe('step 6, epoch 6, step 7, done 7')
      expect(events[1]).toMatchObject({ epoch: 2, updates: 1 })
      dispose()
    })
  })

  test('an abort ends the run between two updates, also while batches are awaited', async () => {
    await expectNoLeaks(async () => {
      const controller = new AbortController()
      const first = make({ signal: controller.signal })
      const seen: string[] = []
      for await (const { type, step } of train(first.options)) {
        seen.push(`${type} ${step}`)
        if (step === 2) controller.abort()
      }
      expect(seen).toEqual(['step 1', 'step 2', 'aborted 2'])
      first.dispose()

      const waiting = new AbortController()
      const never = make({
        signal: waiting.signal,
        batches: (step, { signal }) => {
          expect(signal).toBe(waiting.signal)
          setTimeout(() => waiting.abort(), 5)
          return step === 0 ? batches(0) : new Promise<Batches>(() => undefined)
        },
      })
      expect(outline(await collect(never.options))).toBe('step 1, aborted 1')
      never.dispose()

      const before = make({ signal: AbortSignal.abort() })
      expect(outline(await collect(before.options))).toBe('aborted 0')
      before.dispose()
    })
  })

  test('batches that fail after an abort are no unhandled rejection', async () => {
    const controller = new AbortController()
    const { options, dispose } = make({
      signal: controller.signal,
      batches: async (step, { signal }) => {
        if (step === 0) return batches(0)
        return new Promise<Batches>((_, reject) => {
          signal!.addEventListener('abort', () => reject(new Error('worker stopped')))
          controller.abort()
        })
      },
    })
    expect(outline(await collect(options))).toBe('step 1, aborted 1')
    dispose()
  })

  test('weights and randomness are functions of the update, so a resumed run gets what an unbroken one would', async () => {
    await expectNoLeaks(async () => {
      const forks: (string | number)[] = []
      const rng = Object.assign(() => 0.5, {
        fork: (label: string | number) => {
          forks.push(label)
          return () => 0.9
        },
      })
      const { options, dispose } = make({ rng, startStep: 4, weights: (step) => ({ curated: step / 10 }) })
      const events = await collect(options)
      expect(forks).toEqual([4, 5, 6])
      for (const event of events) {
        if (event.type === 'step') expect(event.total).toBeCloseTo((event.streams['curated'] * (event.step - 1)) / 10, 12)
      }
      dispose()
    })
  })

  test('an error of the batches goes to the consumer as it is', async () => {
    const { options, dispose } = make({
      batches: () => {
        throw new Error('clip7.wav is empty')
      },
    })
    await expect(collect(options)).rejects.toThrow('clip7.wav is empty')
    dispose()
  })

  test.each<[Partial<TrainOptions>, string]>([
    [{ steps: -1 }, 'steps must be a whole number of at least 0, got -1'],
    [{ steps: 2.5 }, 'steps must be'],
    [{ startStep: 9 }, 'startStep must be at most steps (7), got 9'],
    [{ stepsPerEpoch: 0 }, 'stepsPerEpoch must be a whole number of at least 1'],
    [{ cycleSteps: NaN }, 'cycleSteps must be'],
    [{ learningRate: () => NaN }, 'learningRate must be a finite number'],
    [{ learningRate: () => -1 }, 'got -1'],
    [{ weights: () => ({ other: 1 }) }, "a weight for 'other'"],
    [{ weights: () => ({ curated: Infinity }) }, 'got Infinity'],
  ])('%j is refused', async (over, message) => {
    const { options, dispose } = make(over)
    const failure = collect(options)
    await expect(failure).rejects.toThrow(TrainError)
    await expect(failure).rejects.toThrow(message)
    dispose()
  })
})
