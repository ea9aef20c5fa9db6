import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { createModel, encodeSafetensors, loadWeights, type Architecture, type NamedArray, type TaggingModel } from '@audiotag/models'
import { expectClose, expectNoLeaks, goldenTensor } from '@audiotag/testkit'

export interface Golden {
  readonly values: readonly number[]
  readonly tolerance: number
}

export interface GoldenInput {
  readonly name: string
  readonly shape: readonly number[]
  readonly center: number
  readonly scale: number
}

export interface GoldenTraining {
  readonly input: GoldenInput
  readonly targets: Record<string, { name: string; shape: [number, number]; density: number }>
  readonly logits: Record<string, Golden>
  readonly losses: Record<string, Golden>
  readonly gradients: Record<string, { norm: number; sum: number; first: number[]; tolerance: number }>
  readonly wholeGradients: Record<string, Golden>
  readonly batchNorms: Record<string, { runningMean: number[]; runningVariance: number[]; tolerance: number }>
}

export interface GoldenNet {
  readonly id: string
  readonly net: string
  readonly options: { readonly width: number; readonly classes: number; readonly heads: number }
  readonly seed: number
  readonly headNames: readonly string[]
  readonly tensors: Record<string, [shape: number[], center: number, scale: number]>
  readonly evaluation: readonly { readonly input: GoldenInput; readonly logits: Record<string, Golden> }[]
  readonly training?: GoldenTraining
}

export const goldenFile = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`golden/${name}`, import.meta.url)))

export const goldenNet = (id: string): GoldenNet => JSON.parse(new TextDecoder().decode(goldenFile(`${id}.json`))) as GoldenNet

export const architectureOf = (net: string): Architecture => (net === 'envnet' ? 'envnet2' : (net as Architecture))

/** The network of a golden file; its heads are called by PyTorch's names. */
export function goldenModel({ net, options, seed, headNames, tensors }: GoldenNet): TaggingModel {
  const { width, classes } = options
  const config = { architecture: architectureOf(net), classes, width, heads: headNames, dropout: [0, 0], activation: 'sigmoid' } as const
  const model = createModel(config, { rng: () => 0.5 })
  const weights: Record<string, NamedArray> = {}
  for (const [name, [shape, center, scale]] of Object.entries(tensors)) {
    weights[name] = { data: goldenTensor(name, shape, { seed, center, scale }), shape }
  }
  loadWeights(model, encodeSafetensors(weights))
  return model
}

/** PyTorch's `[batch, 1, mels, frames]` or `[batch, 1, 1, samples]`, as `forward` takes it. */
export function goldenInput(net: string, seed: number, { name, shape, center, scale }: GoldenInput): tf.Tensor {
  const data = goldenTensor(name, shape, { seed, center, scale })
  return tf.tensor(data, net === 'envnet' ? [shape[0], shape[3]] : [shape[0], shape[2], shape[3], 1])
}

/** Logits of the first `lengths` inputs equal PyTorch's, and nothing leaks. */
export async function expectEvaluation(net: GoldenNet, lengths = net.evaluation.length): Promise<void> {
  await expectNoLeaks(async () => {
    const model = goldenModel(net)
    for (const { input, logits } of net.evaluation.slice(0, lengths)) {
      const x = goldenInput(net.net, net.seed, input)
      for (const [head, { values, tolerance }] of Object.entries(logits)) {
        const y = model.forward(x, { head })
        expectClose((await y.data()) as Float32Array, values, { absolute: tolerance })
        y.dispose()
      }
      x.dispose()
    }
    model.dispose()
  })
}
