import type { SeededRng } from '@audiotag/augment'
import type { TaggingModel } from '@audiotag/models'
import { drawMixMatch, mixMatch, rampUp } from '@audiotag/ssl'
import { consistencyLoss, createMeanTeacher, guessLabels } from '@audiotag/ssl/tfjs'
import type { Batches, Checkpoint, Stream } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'
import type { ModelSettings } from '../config/schema.js'
import type { Batch } from '../data/batch-maker.js'
import { viewNames } from './batch-streams.js'

/** What a method that makes its own targets adds to a training: see `createConsistency`. */
export interface Consistency {
  /** The stream that learns from those targets. */
  readonly stream: Stream
  /** Weight of that stream at an update: it grows, since the first targets are worth nothing. */
  readonly weightAt: (step: number) => number
  /** Batches to train on, from those of all streams and both views. */
  complete(batches: Readonly<Record<string, Batch>>, step: number): Promise<Batches>
  /** To be called after each update. */
  updated(): void
  /** The model that predicts: the teacher, where there is one. */
  readonly predictor: TaggingModel
  /** What a checkpoint holds besides model and optimiser. */
  tensors(): Promise<Checkpoint['tensors']>
  /** Goes on from a checkpoint after `step` updates. */
  restore(tensors: Checkpoint['tensors'], step: number): void
  dispose(): void
}

const streamName = 'unlabelled'

/**
 * Mean Teacher (Tarvainen & Valpola 2017) or MixMatch (Berthelot et al. 2019) as a third stream beside curated and noisy clips. The report tried
 * both without gain (§5.2).
 *
 * - `mean-teacher`: the student's prediction of one view is pulled to the teacher's of the other; the teacher is the moving average and predicts.
 * - `mixmatch`: the mean prediction of both views, sharpened, labels them; then curated clips and views are mixed with each other, as the network
 *   gets them (decibels, not power: the views are there already).
 *
 * @param twin makes a second network like `model`, for the teacher
 * @param stepsPerCycle updates of a cycle: what `rampShare` is a share of
 */
export function createConsistency(
  settings: NonNullable<ModelSettings['consistency']>,
  model: TaggingModel,
  twin: () => TaggingModel,
  { stepsPerCycle, rng }: { readonly stepsPerCycle: number; readonly rng: SeededRng },
): Consistency {
  const { activation } = model.config
  const common = {
    stream: { name: streamName, head: 'curated', loss: consistencyLoss({ activation }), weight: settings.weight },
    weightAt: rampUp({ steps: Math.round(settings.rampShare * stepsPerCycle), to: settings.weight }),
  }
  if (settings.kind === 'mixmatch') {
    const { temperature, alpha } = settings
    return {
      ...common,
      predictor: model,
      complete: async ({ [viewNames[0]]: first, [viewNames[1]]: second, curated, ...others }, step) => {
        const guess = await guessLabels([first, second], (view) => predict(model, view), { temperature, activation })
        const labelled = examplesOf(curated)
        const unlabelled = joined(examplesOf(first, guess), examplesOf(second, guess))
        const draw = drawMixMatch(rng.fork(step), { labelled: labelled.examples, unlabelled: unlabelled.examples, alpha })
        const mixed = mixMatch(labelled, unlabelled, draw)
        return { ...others, curated: batchOf(curated, mixed.labelled), [streamName]: batchOf(first, mixed.unlabelled) }
      },
      updated: () => undefined,
      tensors: async () => ({}),
      restore: () => undefined,
      dispose: () => undefined,
    }
  }
  const teacher = twin()
  const follow = createMeanTeacher({ student: model, teacher }, { decay: settings.decay })
  return {
    ...common,
    predictor: teacher,
    complete: async ({ [viewNames[0]]: first, [viewNames[1]]: second, ...others }) => {
      const p = tf.tidy(() => predict(teacher, second))
      const targets = { ...first.targets, data: (await p.data<'float32'>()).slice() }
      p.dispose()
      return { ...others, [streamName]: { input: first.input, targets } }
    },
    updated: () => follow.update(),
    tensors: async () => {
      const tensors: Checkpoint['tensors'] = {}
      for (const [name, variable] of teacher.variables)
        tensors[`teacher/${name}`] = { data: (await variable.data<'float32'>()).slice(), shape: [...variable.shape] }
      return tensors
    },
    restore: (tensors, step) => {
      for (const [name, variable] of teacher.variables) {
        const array = tensors[`teacher/${name}`]
        if (!array) throw new Error(`there is no teacher/${name} in it.`)
        tf.tidy(() => variable.assign(tf.tensor(array.data as Float32Array, variable.shape)))
      }
      follow.resume(step)
    },
    dispose: () => teacher.dispose(),
  }
}

const predict = (model: TaggingModel, { input }: Batch): tf.Tensor =>
  model.predict(tf.tensor(input.data, [...input.shape]), { head: 'curated' })

interface Examples {
  readonly examples: number
  readonly inputs: Float32Array
  readonly targets: Float32Array
}

const examplesOf = ({ input, targets }: Batch, labels = targets.data): Examples => ({
  examples: input.shape[0],
  inputs: input.data,
  targets: labels,
})

const joined = (a: Examples, b: Examples): Examples => ({
  examples: a.examples + b.examples,
  inputs: concatenated(a.inputs, b.inputs),
  targets: concatenated(a.targets, b.targets),
})

function concatenated(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const batchOf = ({ input, targets }: Batch, { examples, ...mixed }: Examples): Batch => ({
  input: { data: mixed.inputs, shape: [examples, ...input.shape.slice(1)] },
  targets: { data: mixed.targets, shape: [examples, ...targets.shape.slice(1)] },
})
