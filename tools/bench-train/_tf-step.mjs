// One training step of @audiotag/models, train and backend for each line on stdin, its milliseconds on stdout; after --profile N steps with every kernel timed, ends.
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

import { useTensorFlow } from '../../packages/backend/dist/index.js'
import { createModel } from '../../packages/models/dist/index.js'
import { adam, createTrainStep, sgd } from '../../packages/train/dist/index.js'
import { profileSteps } from './profile-steps.mjs'
import { tf } from './tfjs.mjs'

const { values } = parseArgs({
  options: {
    net: { type: 'string' },
    width: { type: 'string' },
    input: { type: 'string' },
    threads: { type: 'string' },
    simd: { type: 'string' },
    warmup: { type: 'string' },
    profile: { type: 'string' },
  },
})
await useTensorFlow({ device: 'cpu' })
const shape = JSON.parse(values.input)
let state = 1
const rng = () => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0
  return (state >>> 8) / 2 ** 24
}
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

async function step() {
  const start = performance.now()
  await update({ clips: { input, targets } }, { learningRate: 1e-4, rng })
  return performance.now() - start
}

const warmUntil = performance.now() + Number(values.warmup) * 1000
for (let i = 0; i < 2 || performance.now() < warmUntil; i++) await step()
if (values.profile) {
  console.log(JSON.stringify(await profileSteps(step, Number(values.profile))))
  process.exit(0)
}
console.log(JSON.stringify({ version: process.versions.node }))
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'step') console.log(JSON.stringify({ ms: await step() }))
}
process.exit(0)
