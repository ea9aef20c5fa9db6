import type { Batches, StepResult, TrainStep } from './create-train-step.js'
import { TrainError } from './errors.js'
import type { Rng } from './rng.js'

/** After an update: its losses and the rate it had. */
export interface StepEvent extends StepResult {
  readonly type: 'step'
  /** Updates done so far, 1 after the first: the `startStep` to go on from here. */
  readonly step: number
  readonly learningRate: number
}

/** After the last update of an epoch: means over the updates of the epoch that were done in this run. */
export interface EpochEvent {
  readonly type: 'epoch'
  readonly step: number
  /** Epochs done so far. */
  readonly epoch: number
  /** Updates the means are over; fewer than `stepsPerEpoch` when the run started inside the epoch. */
  readonly updates: number
  readonly total: number
  readonly streams: Readonly<Record<string, number>>
}

/** After the last update of a learning rate cycle: the moment for a snapshot. */
export interface CycleEvent {
  readonly type: 'cycle'
  readonly step: number
  /** Cycles done so far. */
  readonly cycle: number
}

/** The last event of a run: all updates done, or the signal aborted it. */
export interface EndEvent {
  readonly type: 'done' | 'aborted'
  readonly step: number
}

/** What {@link train} yields. While the consumer handles an event, nothing runs: it may capture a checkpoint or predict. */
export type TrainEvent = StepEvent | EpochEvent | CycleEvent | EndEvent

/** Options of {@link train}. */
export interface TrainOptions {
  readonly step: TrainStep
  /** The batches of update 0, 1, 2 … Tensors stay the caller's; plain arrays are turned into tensors and freed. */
  readonly batches: (step: number, about: { readonly signal?: AbortSignal }) => Batches | Promise<Batches>
  /** The rate of update 0, 1, 2 … */
  readonly learningRate: (step: number) => number
  /** Weights of streams at update 0, 1, 2 …, e.g. of a ramp; default the streams' own. */
  readonly weights?: (step: number) => Readonly<Record<string, number>>
  /** Updates in the whole run. */
  readonly steps: number
  /** Updates done before, by the run this one goes on from; default 0. */
  readonly startStep?: number
  /** Updates in one pass of the curated clips. */
  readonly stepsPerEpoch: number
  /** Updates in one learning rate cycle; default none, so no `'cycle'` events. */
  readonly cycleSteps?: number
  /** Stops before the next update, also while batches are awaited. */
  readonly signal?: AbortSignal
  /**
   * Randomness of dropout. One that can `fork` (`createRng` of `@audiotag/augment`) is forked by the number of the update, so a resumed run
   * draws what an unbroken one would; a plain one is drawn from in order.
   */
  readonly rng?: Rng | (Rng & { fork(label: string | number): Rng })
}

/**
 * Runs the updates `startStep` to `steps` and reports each as it is done: `'step'`, then `'epoch'` and `'cycle'` where one ends, and one
 * `'done'` or `'aborted'` at the end. An aborted run ends between two updates, ready for a checkpoint.
 *
 * @throws TrainError `'option'`, and what the step throws
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { step: update, batches, learningRate, weights, steps, startStep = 0, stepsPerEpoch, cycleSteps, signal, rng } = options
  checkCount('steps', steps, 0)
  checkCount('startStep', startStep, 0)
  checkCount('stepsPerEpoch', stepsPerEpoch, 1)
  if (cycleSteps !== undefined) checkCount('cycleSteps', cycleSteps, 1)
  if (startStep > steps) {
    throw new TrainError('option', `train: startStep must be at most steps (${steps}), got ${startStep}. The run was already longer.`)
  }

  let updates = 0
  let total = 0
  let streams: Record<string, number> = {}
  for (let step = startStep; step < steps; step++) {
    const batch = await unlessAborted(signal, () => batches(step, signal === undefined ? {} : { signal }))
    if (batch === aborted) {
      yield { type: 'aborted', step }
      return
    }
    const rate = learningRate(step)
    const result = await update(batch, {
      learningRate: rate,
      ...(weights && { weights: weights(step) }),
      ...(rng && { rng: 'fork' in rng ? rng.fork(step) : rng }),
    })
    const done = step + 1
    updates += 1
    total += result.total
    for (const [name, loss] of Object.entries(result.streams)) streams[name] = (streams[name] ?? 0) + loss
    yield { type: 'step', step: done, learningRate: rate, ...result }
    if (done % stepsPerEpoch === 0) {
      const means = Object.fromEntries(Object.entries(streams).map(([name, sum]) => [name, sum / updates]))
      yield { type: 'epoch', step: done, epoch: done / stepsPerEpoch, updates, total: total / updates, streams: means }
      updates = 0
      total = 0
      streams = {}
    }
    if (cycleSteps !== undefined && done % cycleSteps === 0) yield { type: 'cycle', step: done, cycle: done / cycleSteps }
  }
  yield { type: 'done', step: steps }
}

const aborted = Symbol('aborted')

/** What `make` gives, or `aborted` as soon as the signal says so, even if `make` never ends. */
async function unlessAborted<T>(signal: AbortSignal | undefined, make: () => T | Promise<T>): Promise<T | typeof aborted> {
  if (signal === undefined) return await make()
  if (signal.aborted) return aborted
  const { promise: abort, resolve } = withResolvers<typeof aborted>()
  const stop = (): void => resolve(aborted)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const made = Promise.resolve(make())
    made.catch(() => undefined) // after an abort nobody waits for it: its failure must not become an unhandled rejection
    const first = await Promise.race([made, abort])
    return signal.aborted ? aborted : first
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function checkCount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TrainError('option', `train: ${name} must be a whole number of at least ${least}, got ${value}.`)
  }
}
