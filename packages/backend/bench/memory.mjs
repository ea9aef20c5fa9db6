// Heap and processor time of training steps at full width, one thread; one case a process, since the heap never shrinks:
//   node bench/memory.mjs <architecture> <clips> keep|recompute [steps, 3] [microBatch]
import * as tf from '@tensorflow/tfjs-core'

import { useWasm } from '@audiotag/backend'
import { createModel } from '@audiotag/models'
import { adam, createTrainStep, sgd } from '@audiotag/train'

const [architecture = 'resnet34', clips = '16', activations = 'keep', steps = '3', microBatch] = process.argv.slice(2)
await useWasm({ threads: 1 })
let state = 7
const rng = () => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0
  return (state >>> 8) / 2 ** 24
}
const batch = Number(clips)
const shape = architecture === 'envnet2' ? [batch, 133_300] : [batch, 128, 512, 1]
const length = shape.reduce((product, n) => product * n, 1)
const input = { data: Float32Array.from({ length }, () => rng() * 2 - 1), shape }
const targets = { data: Float32Array.from({ length: batch * 80 }, () => Number(rng() < 0.02)), shape: [batch, 80] }
const model = createModel({ architecture, classes: 80, activation: 'sigmoid' }, { rng })
const optimizer = architecture === 'envnet2' ? sgd({ momentum: 0.9, nesterov: true }) : adam()
const streams = [{ name: 'clips', loss: 'bce' }]
const step = createTrainStep({ model, optimizer, streams, activations, ...(microBatch && { microBatch: Number(microBatch) }) })
const seconds = []
const losses = []
for (let i = 0; i < Number(steps); i++) {
  const start = process.cpuUsage()
  losses.push((await step({ clips: { input, targets } }, { learningRate: 1e-3, rng })).total)
  const { user, system } = process.cpuUsage(start)
  seconds.push(((user + system) / 1e6).toFixed(1))
}
const heap = tf.backend().wasm.HEAPU8.length / 2 ** 20
console.log(`${architecture}, ${clips} clips, ${activations}${microBatch ? `, parts of ${microBatch}` : ''}: heap ${heap.toFixed(0)} MiB`)
console.log(`  steps of ${seconds.join(', ')} s, losses ${losses.join(', ')}`)
