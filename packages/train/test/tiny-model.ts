import { goldenTensor } from '@audiotag/testkit'
import type { Rng, TrainableModel } from '@audiotag/train'
import * as tf from '@tensorflow/tfjs-core'

export interface TinyModel extends TrainableModel {
  readonly calls: { head: string; training: boolean; batch: number }[]
  dispose(): void
}

let count = 0

/** Input `[batch, 4]`, one shared layer of 5 with a running mean and dropout, two linear heads of 3 classes. */
export function tinyModel(): TinyModel {
  const prefix = `tiny${count++}/`
  const shapes = {
    'encoder.weight': [4, 5],
    'encoder.bias': [5],
    'encoder.running_mean': [5],
    'curated.weight': [5, 3],
    'noisy.weight': [5, 3],
    'noisy.scale': [],
  } as Record<string, number[]>
  const variables = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = goldenTensor(name, shape, { seed: 1, center: name.endsWith('scale') ? 1 : 0, scale: 0.7 })
      return [name, tf.tidy(() => tf.variable(tf.tensor(values, shape), !name.includes('running'), prefix + name))]
    }),
  )
  const calls: TinyModel['calls'] = []
  return {
    variables,
    trainable: Object.keys(shapes).filter((name) => !name.includes('running')),
    calls,
    forward(input: tf.Tensor, { head = 'curated', training = false, rng }: { head?: string; training?: boolean; rng?: Rng } = {}) {
      calls.push({ head, training, batch: input.shape[0] })
      return tf.tidy(() => {
        if (head !== 'curated' && head !== 'noisy') throw new Error(`no head ${head}`)
        const h = tf.add(
          tf.matMul(input as tf.Tensor2D, variables.get('encoder.weight')! as tf.Tensor as tf.Tensor2D),
          variables.get('encoder.bias')!,
        )
        const running = variables.get('encoder.running_mean')!
        const mean = training ? tf.mean(h, 0) : running
        if (training) running.assign(tf.add(tf.mul(running, 0.9), tf.mul(mean, 0.1)))
        const mask = tf.tensor1d(Array.from({ length: 5 }, () => (rng && training && rng() < 0.3 ? 0 : 1)))
        const features = tf.mul(tf.tanh(tf.sub(h, mean)), mask)
        const logits = tf.matMul(features, variables.get(`${head}.weight`)!)
        return head === 'noisy' ? tf.mul(logits, variables.get('noisy.scale')!) : logits
      })
    },
    dispose: () => tf.dispose([...variables.values()]),
  }
}

/** Inputs and targets of a batch as plain arrays, the same for the same name. */
export function tinyBatch(
  name: string,
  batch = 4,
): { input: { data: Float32Array; shape: number[] }; targets: { data: Float32Array; shape: number[] } } {
  return {
    input: { data: goldenTensor(`${name}/input`, [batch, 4], { seed: 2, center: 0, scale: 2 }), shape: [batch, 4] },
    targets: { data: goldenTensor(`${name}/targets`, [batch, 3], { seed: 2, center: 0.5, scale: 0.5 }), shape: [batch, 3] },
  }
}
