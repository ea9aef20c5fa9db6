// One training step or prediction of @audiotag/models, train and backend for each line on stdin, its milliseconds on stdout; after --profile N steps with every kernel timed, ends.
import { parseArgs } from 'node:util'

import { createModel } from '../../packages/models/dist/index.js'
import { adam, createTrainStep, sgd } from '../../packages/train/dist/index.js'
import { profileSteps } from './profile-steps.mjs'
import { randomNumbers } from './random-numbers.mjs'
import { serveSteps, warmUp } from './serve-steps.mjs'
import { startBackend } from './start-backend.mjs'
import { stepOptions } from './step-options.mjs'
import { tf } from './tfjs.mjs'

const { values } = parseArgs({ options: { ...stepOptions, profile: { type: 'string' } } })
const about = await startBackend({ ...values, threads: Number(values.threads) })
const shape = JSON.parse(values.input)
const rng = randomNumbers()
const model = createModel({ architecture: values.net, classes: 80, width: Number(values.width), activation: 'sigmoid' }, { rng })
const optimizer = values.net === 'envnet2' ? sgd({ momentum: 0.9, nesterov: true }) : adam()
const update = createTrainStep({ model, optimizer, streams: [{ name: 'clips', loss: 'bce' }] })
const input = tf.tensor(
  Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => rng() * 2 - 1),
  values.net === 'envnet2' ? shape : [...shape, 1],
)
const targets = tf.tensor(
  Float32Array.from({ length: shape[0] * 80 }, () => Number(rng() < 0.03)),
  [shape[0], 80],
)

async function train() {
  const start = performance.now()
  const { total } = await update({ clips: { input, targets } }, { learningRate: 1e-4, rng })
  return timed(start, [total])
}

async function predict() {
  const start = performance.now()
  const scores = tf.tidy(() => model.predict(input))
  const numbers = await scores.data()
  scores.dispose()
  return timed(start, numbers)
}

/** A backend that returns nothing, or no numbers, is fast. */
function timed(start, numbers) {
  const ms = performance.now() - start
  if (numbers.length === 0 || !numbers.every(Number.isFinite))
    throw new Error(`${values.task} gave ${numbers.slice(0, 5).join(', ') || 'nothing'}`)
  return ms
}

const step = values.task === 'predict' ? predict : train
if (values.profile) {
  await warmUp(step, Number(values.warmup))
  console.log(JSON.stringify(await profileSteps(step, Number(values.profile))))
  process.exit(0)
}
await serveSteps(step, { warmup: Number(values.warmup), about: { backend: about } })
