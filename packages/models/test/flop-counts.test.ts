import { createModel, flopCounts, activationCounts, ModelError, type Architecture, type ModelConfig } from '@audiotag/models'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // gradients
import { describe, expect, test } from 'vitest'
import { goldenFile } from './golden-net.js'
import { seeded } from './seeded.js'

interface Case {
  readonly net: string
  readonly width: number
  readonly mels: number | null
  readonly length: number
  readonly parts: Record<string, number>
  readonly head: number
  readonly forward: number
  readonly backward: number
}

const { cases } = JSON.parse(new TextDecoder().decode(goldenFile('flops.json'))) as { cases: Case[] }
const config = (net: string, width = 1): ModelConfig => ({
  architecture: (net === 'envnet' ? 'envnet2' : net) as Architecture,
  classes: 80,
  width,
  activation: 'sigmoid',
})
const size = (length: number, mels: number | null) => ({ length, ...(mels === null ? {} : { mels }) })

const fails = (run: () => unknown, code: string, text: RegExp) => {
  expect(run).toThrow(ModelError)
  expect(run).toThrow(text)
  expect(run).toThrow(expect.objectContaining({ code }) as Error)
}

test.each(cases)(
  '$net, width $width, $mels × $length: PyTorch’s counts',
  ({ net, width, mels, length, parts, head, forward, backward }) => {
    const counts = flopCounts(config(net, width), size(length, mels))
    expect(counts.parts).toEqual(parts)
    expect(counts).toMatchObject({ head, forward, backward, encoder: forward - head })
  },
)

test('a layer counted by hand: 7 × 7 on one channel, 64 outputs, every second of 128 × 512; then the head', () => {
  const { parts, head } = flopCounts(config('resnet34'), { length: 512 })
  expect(parts['conv1']).toBe(2 * 7 * 7 * 64 * 64 * 256)
  expect(head).toBe(2 * (512 * 1024 + 1024 * 1024 + 1024 * 80))
})

test('heads do not count twice; classes and bands do count', () => {
  const one = flopCounts(config('resnet18'), { length: 64 })
  expect(flopCounts({ ...config('resnet18'), heads: ['a', 'b'] }, { length: 64 })).toEqual(one)
  expect(flopCounts({ ...config('resnet18'), classes: 81 }, { length: 64 }).head).toBe(one.head + 2 * 1024)
  expect(flopCounts(config('resnet18'), { length: 64, mels: 64 }).forward).toBeLessThan(one.forward)
})

describe.each([
  ['flopCounts', flopCounts],
  ['activationCounts', activationCounts],
] as const)('%s', (_, count) => {
  test('refuses what no network could run', () => {
    fails(() => count(config('envnet'), { length: 20_569 }), 'length', /at least 20570 samples, got 20569/)
    fails(() => count(config('resnet34'), { length: 1.5 }), 'length', /at least 1 frames, got 1.5/)
    fails(() => count(config('seresnext50'), { length: 64, mels: 2 }), 'input', /mels must be an integer of at least 3, got 2/)
    fails(() => count({ ...config('resnet34'), classes: 0 }, { length: 64 }), 'config', /classes/)
  })
})

describe('activationCounts', () => {
  test.each([
    ['resnet18', 1 / 16, 40],
    ['resnet34', 1 / 16, 64],
    ['seresnext50', 1 / 8, 37],
    ['envnet', 1 / 32, 27_000],
  ] as const)('%s: what the tape of TensorFlow.js holds on to', (net, width, length) => {
    const model = createModel(config(net, width), { rng: seeded(3) })
    const input = net === 'envnet' ? tf.ones([2, length]) : tf.ones([2, 32, length, 1])
    const seen = new Set<object>([input.dataId])
    let kept = 0
    // Left by an error before the backward pass, which would be slow.
    const forward = () => {
      model.forward(input, { training: true, rng: seeded(4) })
      for (const { saved } of tf.engine().state.activeTape ?? [])
        for (const tensor of saved ?? []) {
          // Activations have four axes, the first of them the batch. A reshape shares its numbers.
          if (tensor.rank !== 4 || tensor.shape[0] !== 2 || seen.has(tensor.dataId)) continue
          seen.add(tensor.dataId)
          kept += tensor.size
        }
      throw new Error('seen')
    }
    expect(() => tf.variableGrads(forward, [...model.variables.values()])).toThrow('seen')
    const { kept: counted } = activationCounts(config(net, width), { length, mels: 32 })
    expect(kept / 2).toBe(counted)
    tf.disposeVariables()
    input.dispose()
  })
})
