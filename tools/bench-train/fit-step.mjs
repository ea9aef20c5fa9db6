// A plain TensorFlow.js program: model.fit of a small network of tf.layers on four batches for each line on stdin, milliseconds a batch on stdout.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

import { randomNumbers } from './random-numbers.mjs'
import { serveSteps } from './serve-steps.mjs'
import { startBackend } from './start-backend.mjs'
import { stepOptions } from './step-options.mjs'
import { tf } from './tfjs.mjs'

const { resolve } = createRequire(new URL('../../packages/backend/package.json', import.meta.url))
const loaded = await import(pathToFileURL(resolve('@tensorflow/tfjs-layers')).href)
const { layers, sequential } = loaded.default ?? loaded

const { values } = parseArgs({ options: stepOptions })
const BATCHES = 4
const about = await startBackend({ ...values, threads: Number(values.threads) })
const [batch, height, width] = JSON.parse(values.input)
const rng = randomNumbers()

const model = sequential()
for (const [index, filters] of [32, 64, 128].entries()) {
  const first = index === 0 ? { inputShape: [height, width, 1] } : {}
  model.add(layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...first }))
  model.add(layers.batchNormalization())
  model.add(layers.reLU())
  if (index < 2) model.add(layers.maxPooling2d({ poolSize: 2 }))
}
model.add(layers.globalAveragePooling2d({}))
model.add(layers.dense({ units: 80, activation: 'sigmoid' }))
// A number, not 'adam': its ε would be the backend's own.
model.compile({ optimizer: tf.train.adam(1e-4, 0.9, 0.999, 1e-8), loss: 'binaryCrossentropy' })

const clips = BATCHES * batch
const inputs = tf.tensor(
  Float32Array.from({ length: clips * height * width }, () => rng() * 2 - 1),
  [clips, height, width, 1],
)
const targets = tf.tensor(
  Float32Array.from({ length: clips * 80 }, () => Number(rng() < 0.03)),
  [clips, 80],
)

async function fit() {
  const start = performance.now()
  const { history } = await model.fit(inputs, targets, { batchSize: batch, epochs: 1, shuffle: false, verbose: 0 })
  const ms = (performance.now() - start) / BATCHES
  if (!Number.isFinite(history.loss[0])) throw new Error(`model.fit gave the loss ${history.loss[0]}`)
  return ms
}

await serveSteps(fit, { warmup: Number(values.warmup), about: { backend: about } })
