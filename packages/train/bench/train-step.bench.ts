import { createModel } from '@audiotag/models'
import { adam, createTrainStep } from '@audiotag/train'
import { bench, describe } from 'vitest'
import { inStock, without } from './stock-kernels.js'

// The demo's model: ResNet34 at an eighth of its width, slices of 128 frames; Adam; one thread.
const model = createModel(
  { architecture: 'resnet34', classes: 80, width: 1 / 8, heads: ['curated', 'noisy'], activation: 'sigmoid' },
  { rng: () => 0.3 },
)
let state = 1
const rng = (): number => (state = (state * 48271) % 2147483647) / 2147483647
const batch = (clips: number) => ({
  input: { data: Float32Array.from({ length: clips * 128 * 128 }, () => 2 * rng() - 1), shape: [clips, 128, 128, 1] },
  targets: { data: Float32Array.from({ length: clips * 80 }, () => (rng() < 1 / 80 ? 1 : 0)), shape: [clips, 80] },
})
const few = { iterations: 8, time: 0, warmupIterations: 2, warmupTime: 0 }
const composed = ['AudiotagBatchNorm', 'AudiotagBatchNormGrad', 'AudiotagAdam']

describe('one step on wasm, 16 clips', () => {
  const step = createTrainStep({ model, optimizer: adam(), streams: [{ name: 'curated', loss: 'bce' }] })
  const clips = batch(16)
  const run = async (): Promise<void> => void (await step({ curated: clips }, { learningRate: 1e-6, rng }))
  bench('@audiotag/backend', run, few)
  bench('without its batch norm: composed', run, { ...few, ...without(['AudiotagBatchNorm', 'AudiotagBatchNormGrad']) })
  bench('without its batch norm and Adam: composed', run, { ...few, ...without(composed) })
  bench('without its Conv2D, Conv2DBackpropInput: stock', run, { ...few, ...without(['Conv2D', 'Conv2DBackpropInput']) })
  bench('stock kernels, but for the weight gradient, which has none', run, { ...few, ...without([...inStock, ...composed]) })
})

describe('one step on wasm, 32 clips a stream', () => {
  const streams = ['curated', 'noisy', 'ssl'].map(
    (name) => ({ name, head: name === 'noisy' ? 'noisy' : 'curated', loss: name === 'ssl' ? 'mse' : 'bce' }) as const,
  )
  const [curated, noisy, ssl] = [batch(32), batch(32), batch(32)]
  const two = createTrainStep({ model, optimizer: adam(), streams: streams.slice(0, 2) })
  bench('curated + noisy', async () => void (await two({ curated, noisy }, { learningRate: 1e-6, rng })), few)
  const three = createTrainStep({ model, optimizer: adam(), streams })
  bench('curated + noisy + pseudo labels', async () => void (await three({ curated, noisy, ssl }, { learningRate: 1e-6, rng })), few)
})
