import { architectures, flopCounts } from '@audiotag/models'
import type { ModelSettings } from '../config/schema.js'
import { timedMels, timedNetwork, trainingSteps } from './training-steps.js'
import type { StepSize, StepTime } from './training-steps.js'

/** Speed of training steps, and the step it was measured on. */
export interface MeasuredSpeed {
  /** Of a process that no other program keeps waiting: with one thread, by the time on the processor. */
  readonly flopsPerSecond: number
  /** Likewise of a prediction of the same batch. */
  readonly predictionFlopsPerSecond: number
  readonly width: number
  readonly batch: number
  /** Frames or samples. */
  readonly length: number
  readonly seconds: number
  /** Time of it on processors, all threads; far less where other programs hold them. */
  readonly processorSeconds: number
}

/** The last size is timed so often, as long as there is time; the fastest counts. */
const repetitions = 4

/** How `measureSpeed` goes about it. */
export interface MeasureOptions {
  /** What all steps together may take. */
  readonly budgetSeconds: number
  /** The backend computes in this process on one thread: then time on the processor counts, not that of other programs. */
  readonly oneThread: boolean
  /** Plain JavaScript: begin at 1/32 of the width, since a step at the whole width may take minutes. */
  readonly slow: boolean
}

/**
 * Times a training step (one stream, Adam) of a network on the backend that runs now: one clip of a short length at the network's width, then longer and more clips up
 * to the model's own as the time allows. Then predictions of the largest batch that was reached.
 */
export async function measureSpeed(
  { architecture, width, slice, batch }: Pick<ModelSettings, 'architecture' | 'width' | 'slice' | 'batch'>,
  { budgetSeconds, oneThread, slow }: MeasureOptions,
): Promise<MeasuredSpeed> {
  const start = performance.now()
  const shortest = Math.min(slice, architectures[architecture].input === 'log-mel' ? 64 : 22_050)
  const shares = slow ? [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] : [1]
  const sizes = shares.map((share) => ({ width: width * share, batch: 1, length: shortest }))
  for (let length = 2 * shortest; length <= slice; length *= 2) sizes.push({ ...sizes.at(-1)!, length })
  for (let clips = 2; clips <= Math.min(16, batch); clips *= 2) sizes.push({ ...sizes.at(-1)!, batch: clips })
  const flops = (size: StepSize): number => stepFlops(architecture, size)
  let last: TrainingSpeed | undefined
  let before: TrainingSpeed | undefined
  let steps: ReturnType<typeof trainingSteps> | undefined
  const time = async ({ width, batch, length }: StepSize): Promise<TrainingSpeed> => {
    const size = { width, batch, length }
    if (steps?.width !== size.width) {
      steps?.dispose()
      steps = trainingSteps(architecture, size.width)
    }
    const taken = await steps.time(size)
    return { ...size, flopsPerSecond: flops(size) / computing(taken), ...taken }
  }
  const computing = ({ seconds, processorSeconds }: StepTime): number => (oneThread ? Math.min(seconds, processorSeconds) : seconds)
  const left = (): number => budgetSeconds - (performance.now() - start) / 1000
  for (const size of sizes) {
    if (last !== undefined) {
      // Two steps of one width tell what each further operation takes; one step, no more than that speed grows with the size.
      const marginal = before?.width === last.width && flops(before) < flops(last) && before.seconds < last.seconds
      const [seconds, operations] = marginal ? [last.seconds - before!.seconds, flops(last) - flops(before!)] : [last.seconds, flops(last)]
      if (last.seconds + ((flops(size) - flops(last)) * seconds) / operations > left()) break
    }
    const next = await time(size)
    // The first step also prepares what the later ones use.
    if (last === undefined && next.seconds < left() / 2) last = await time(size)
    else [before, last] = [last, next]
  }
  for (let i = 0; i < repetitions && last!.seconds < left() * (2 / 3); i++) {
    const again = await time(last!)
    if (again.flopsPerSecond > last!.flopsPerSecond) last = again
  }
  const { forward } = flopCounts(timedNetwork(architecture, last!.width), { length: last!.length, mels: timedMels })
  let prediction = Infinity
  // The first one also prepares what the later ones use.
  for (let i = 0; i <= 1 || (i <= repetitions && prediction < left()); i++)
    prediction = Math.min(prediction, computing(await steps!.predict(last!)))
  steps?.dispose()
  return { ...last!, predictionFlopsPerSecond: (last!.batch * forward) / prediction }
}

type TrainingSpeed = Omit<MeasuredSpeed, 'predictionFlopsPerSecond'>

function stepFlops(architecture: ModelSettings['architecture'], { width, batch, length }: StepSize): number {
  const { forward, backward } = flopCounts(timedNetwork(architecture, width), { length, mels: timedMels })
  return batch * (forward + backward)
}
