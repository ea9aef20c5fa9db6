import * as tf from '@tensorflow/tfjs-core'
import { BATCH_NORM_EPSILON } from './batch-norm.js'

/** PyTorch's default. */
export const BATCH_NORM_MOMENTUM = 0.1

/** Statistics of one batch norm and one batch. */
export interface BatchStatistics {
  /** Name of the batch norm. */
  readonly norm: string
  /** `[channels]` */
  readonly mean: tf.Tensor1D
  /** Biased variance, `[channels]`. */
  readonly variance: tf.Tensor1D
  /** Elements a channel. */
  readonly count: number
}

type Variables = ReadonlyMap<string, tf.Variable>

/** Weights of `names`, which all exist, one after the other. */
const joined = (variables: Variables, names: readonly string[]): tf.Tensor1D =>
  tf.concat1d(names.map((name) => variables.get(name) as unknown as tf.Tensor1D))

/**
 * running ← 0.9 · running + 0.1 · batch, the batch's variance made unbiased (· count / (count − 1)) as PyTorch does.
 * All batch norms at once: a dozen kernel calls instead of some three hundred in ResNet-34.
 */
export function updateRunningStatistics(variables: Variables, statistics: readonly BatchStatistics[]): void {
  if (statistics.length === 0) return
  withoutTape(statistics[0].mean, () => {
    const names = [...statistics.map(({ norm }) => `${norm}.running_mean`), ...statistics.map(({ norm }) => `${norm}.running_var`)]
    const sizes = [...statistics, ...statistics].map(({ mean }) => mean.size)
    const factors = new Float32Array(sizes.reduce((sum, size) => sum + size, 0)).fill(BATCH_NORM_MOMENTUM)
    let start = factors.length / 2
    for (const { mean, count } of statistics) {
      factors.fill((BATCH_NORM_MOMENTUM * count) / (count - 1), start, start + mean.size)
      start += mean.size
    }
    const batch = tf.concat1d([...statistics.map(({ mean }) => mean), ...statistics.map(({ variance }) => variance)])
    const moved = tf.add(tf.mul(joined(variables, names), 1 - BATCH_NORM_MOMENTUM), tf.mul(batch, tf.tensor1d(factors)))
    for (const [i, part] of tf.split(moved, sizes).entries()) variables.get(names[i])?.assign(part)
  })
}

/**
 * Runs `update` and frees its tensors. In a forward pass TensorFlow.js would keep a copy of every operand for a gradient that nobody takes; it does not
 * inside of an operation with a gradient of its own. `any` is any tensor.
 */
function withoutTape(any: tf.Tensor, update: () => void): void {
  const run = tf.customGrad((...args: unknown[]) => {
    update()
    const [x] = args as tf.Tensor[]
    return { value: tf.scalar(0), gradFunc: () => tf.zerosLike(x) }
  })
  run(any).dispose()
}

/** Factor and summand that a batch norm amounts to in inference, by its name. */
export type Affines = ReadonlyMap<string, { readonly scale: tf.Tensor1D; readonly shift: tf.Tensor1D }>

/** scale = gamma / √(running variance + ε), shift = beta − running mean · scale; all batch norms at once. */
export function inferenceAffines(variables: Variables, norms: readonly string[]): Affines {
  const all = (suffix: string): tf.Tensor1D =>
    joined(
      variables,
      norms.map((norm) => `${norm}.${suffix}`),
    )
  const scale = tf.mul(all('weight'), tf.rsqrt(tf.add(all('running_var'), BATCH_NORM_EPSILON)))
  const shift = tf.sub(all('bias'), tf.mul(all('running_mean'), scale))
  const sizes = norms.map((norm) => variables.get(`${norm}.weight`)?.size ?? 0)
  const scales = tf.split(scale, sizes)
  const shifts = tf.split(shift, sizes)
  return new Map(norms.map((norm, i) => [norm, { scale: scales[i] as tf.Tensor1D, shift: shifts[i] as tf.Tensor1D }]))
}
