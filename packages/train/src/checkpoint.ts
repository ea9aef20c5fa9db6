import * as tf from '@tensorflow/tfjs-core'
import { TrainError } from './errors.js'
import type { NamedArray } from './named-array.js'
import type { Optimizer } from './optimizer.js'
import { sameShape } from './slots.js'
import type { TrainableModel } from './trainable-model.js'

/**
 * A run between two updates: everything that decides the next one. Plain numbers, so it can go to a worker or a file
 * (`encodeSafetensors(checkpoint.tensors, checkpoint.metadata)` of `@audiotag/models`).
 */
export interface Checkpoint {
  /** `model/<variable>`: weights and running statistics; `optimizer/<slot>/<variable>`: its memory. */
  readonly tensors: Record<string, NamedArray>
  /** `format`, `step`, `optimizer` (JSON) and what the caller adds. */
  readonly metadata: Record<string, string>
}

/** What a checkpoint is of. */
export interface CheckpointParts {
  readonly model: Pick<TrainableModel, 'variables'>
  readonly optimizer: Optimizer
}

const FORMAT = 'audiotag-checkpoint-1'

/**
 * Copies variables and the optimiser's memory out of the backend. Call it between two updates.
 *
 * @param about `step`: updates done so far; `metadata`: further strings to carry along
 */
export async function captureCheckpoint(
  { model, optimizer }: CheckpointParts,
  about: { readonly step: number; readonly metadata?: Readonly<Record<string, string>> },
): Promise<Checkpoint> {
  if (!Number.isSafeInteger(about.step) || about.step < 0) {
    throw new TrainError('option', `captureCheckpoint: step must be a whole number of at least 0, got ${about.step}.`)
  }
  const tensors: Record<string, NamedArray> = {}
  for (const [name, variable] of model.variables) {
    // A copy: some backends hand out their own buffer, which in-place updates go on changing.
    tensors[`model/${name}`] = { data: (await variable.data<'float32'>()).slice(), shape: [...variable.shape] }
  }
  for (const [name, array] of Object.entries(await optimizer.state())) tensors[`optimizer/${name}`] = array
  const metadata = { ...about.metadata, format: FORMAT, step: String(about.step), optimizer: JSON.stringify(optimizer.config) }
  return { tensors, metadata }
}

/**
 * Puts a checkpoint back into a model and an optimiser of the same making; the run then goes on bit for bit. Nothing changes unless all of it
 * fits. Tensors under other prefixes than `model/` and `optimizer/` are left to the caller.
 *
 * @returns `step`, the number of updates done: the `startStep` of the resumed run
 * @throws TrainError `'checkpoint'`: another format, another optimiser or setting, a variable missing, unknown or of another shape
 */
export function restoreCheckpoint({ tensors, metadata }: Checkpoint, { model, optimizer }: CheckpointParts): { step: number } {
  const { format, step: count, optimizer: settings } = metadata as Record<string, string | undefined>
  if (format !== FORMAT) fail(`metadata.format must be '${FORMAT}', got '${format}'. This is no checkpoint of this package.`)
  const step = Number(count)
  if (!/^\d+$/.test(count ?? '') || !Number.isSafeInteger(step)) fail(`metadata.step must be a whole number, got '${count}'.`)
  const config = JSON.stringify(optimizer.config)
  if (settings !== config) {
    fail(`the checkpoint was made with the optimiser ${settings}, this run has ${config}. Resume with the settings of the run.`)
  }

  const values: [tf.Variable, NamedArray][] = []
  for (const [name, variable] of model.variables) {
    const array: NamedArray | undefined = tensors[`model/${name}`]
    if (array === undefined) fail(`there is no '${name}' in it. It is of another model.`)
    if (!sameShape(array.shape, variable.shape) || array.data.length !== variable.size) {
      fail(`'${name}' is [${array.shape.join(', ')}] there, [${variable.shape.join(', ')}] in the model. It is of another configuration.`)
    }
    values.push([variable, array])
  }
  const memory: Record<string, NamedArray> = {}
  for (const [path, array] of Object.entries(tensors)) {
    if (path.startsWith('model/') && !model.variables.has(path.slice(6)))
      fail(`it has '${path.slice(6)}', which the model lacks. It is of another model.`)
    if (!path.startsWith('optimizer/')) continue
    const key = path.slice(10)
    const variable = model.variables.get(key.slice(key.indexOf('/') + 1))
    if (variable === undefined) fail(`'${path}' belongs to no variable of the model.`)
    else if (!key.startsWith('step/') && !sameShape(array.shape, variable.shape)) {
      fail(`'${path}' is [${array.shape.join(', ')}], the variable [${variable.shape.join(', ')}].`)
    }
    memory[key] = array
  }
  optimizer.load(memory)
  for (const [variable, array] of values) {
    tf.tidy(() => variable.assign(tf.tensor(array.data.slice(), [...variable.shape], variable.dtype as 'float32')))
  }
  return { step }
}

function fail(what: string): never {
  throw new TrainError('checkpoint', `restoreCheckpoint: ${what}`)
}
