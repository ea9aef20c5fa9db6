import { lossByName, type LossName } from '@audiotag/train'
import { createModel } from '@audiotag/models'
import { goldenLabels, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'

import { on, relativeError, startBoth, values } from './compare.js'

beforeAll(startBoth)

interface Rule {
  readonly name: string
  readonly center: number
  readonly scale: number
  readonly density?: number
}
interface Case {
  readonly loss: LossName
  readonly weight: number
  readonly case: string
  readonly shape: [number, number]
  readonly logits: number[] | Rule
  readonly target: number[] | Rule
  readonly value: { readonly float64: number[]; readonly tolerance: number }
  readonly gradient: { readonly float64?: number[]; readonly norm?: number; readonly tolerance: number }
}
// From PyTorch; origin, script and tolerances: packages/train/test/golden/README.md.
const golden = JSON.parse(readFileSync(new URL('../../train/test/golden/losses.json', import.meta.url), 'utf8')) as {
  seed: number
  cases: Case[]
}

const numbers = (rule: number[] | Rule, shape: [number, number]): Float32Array => {
  if (Array.isArray(rule)) return Float32Array.from(rule)
  const { seed } = golden
  return rule.density === undefined
    ? goldenTensor(rule.name, shape, { seed, center: rule.center, scale: rule.scale })
    : goldenLabels(rule.name, shape, { seed, density: rule.density })
}
const losses: readonly LossName[] = ['bce', 'boundedBce', 'mse', 'kl', 'klReference']
const run = (kernel: string, inputs: tf.NamedTensorMap, attributes: object = {}): tf.Tensor | tf.Tensor[] =>
  tf.engine().runKernel(kernel, inputs, attributes as never)

const valueOf = async (name: LossName, logits: number[], targets: number[]): Promise<number> => {
  const [value] = await on('wasm', () => [lossByName(name)(tf.tensor2d(logits, [1, 2]), tf.tensor2d(targets, [1, 2]))])
  return value[0]
}

const refused = (inputs: tf.NamedTensorMap, rule: string, message: RegExp): void =>
  expect(() => run('AudiotagLoss', inputs, { rule, weight: 1 })).toThrow(message)

const gradients = (): tf.Tensor[] => {
  const model = createModel(
    { architecture: 'resnet18', classes: 3, width: 1 / 16, activation: 'sigmoid', dropout: [0.5, 0.25] },
    { rng: draw(1) },
  )
  const x = tf.tensor4d(values(2, [2, 32, 16, 1]), [2, 32, 16, 1])
  const { value, grads } = tf.variableGrads(
    () => tf.mean(model.forward(x, { training: true, rng: draw(3) })),
    [...model.variables].filter(([name]) => name.startsWith('last_linear')).map(([, variable]) => variable),
  )
  const result = [value, ...Object.values(grads)].map((tensor) => tf.clone(tensor))
  model.dispose()
  return result
}

describe('losses', () => {
  test.each(golden.cases)('$loss, $case logits: value and gradient are those of PyTorch', async (c) => {
    const [value, gradient] = await on('wasm', () => {
      const [logits, targets] = [c.logits, c.target].map((rule) => tf.tensor2d(numbers(rule, c.shape), c.shape))
      return run('AudiotagLoss', { logits, targets }, { rule: c.loss, weight: c.loss === 'mse' ? c.weight : 1 }) as tf.Tensor[]
    })
    expect(Math.abs(value[0] - c.value.float64[0])).toBeLessThanOrEqual(c.value.tolerance)
    if (c.gradient.norm !== undefined) expect(Math.abs(Math.hypot(...gradient) - c.gradient.norm)).toBeLessThanOrEqual(c.gradient.tolerance)
    c.gradient.float64?.forEach((exact, i) => expect(Math.abs(gradient[i] - exact)).toBeLessThanOrEqual(c.gradient.tolerance))
  })

  test.each(losses)(
    '%s, as @audiotag/train calls it: the formula in float64, for any logits',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 11 }), fc.integer(), async (rows, classes, seed) => {
          const shape: [number, number] = [rows, classes]
          const logits = values(seed, shape).map((z) => z * 30)
          const targets = values(seed + 1, shape).map((y) => (y > 0 ? y : 0))
          for (let row = 0; row < rows; row++) targets[row * classes + (row % classes)] = 1
          const [value, gradient] = await on('wasm', () => {
            const loss = (z: tf.Tensor): tf.Scalar => lossByName(name)(z, tf.tensor2d(targets, shape))
            const both = tf.valueAndGrad(loss)(tf.tensor2d(logits, shape))
            return [both.value, both.grad]
          })
          const exact = formula(name, logits, targets, shape)
          // Computed in float64 too, and rounded once.
          expect(relativeError(value, [exact.value])).toBeLessThan(2e-7)
          expect(relativeError(gradient, exact.gradient)).toBeLessThan(2e-7)
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  test('what is not finite shows: NaN and infinite logits, and under kl a row without labels', async () => {
    for (const name of losses) expect(await valueOf(name, [NaN, 0], [1, 0])).toBeNaN()
    expect(await valueOf('kl', [1, 2], [0, 0])).toBeNaN()
    expect(await valueOf('klReference', [1, 2], [0, 0])).toBe(0)
    expect(await valueOf('bce', [-Infinity, 0], [1, 0])).toBe(Infinity)
  })

  test('other shapes, types and rules are refused', async () => {
    await tf.setBackend('wasm')
    const two = tf.ones([2, 3])
    refused({ logits: two, targets: tf.ones([3, 2]) }, 'bce', /AudiotagLoss: tensors must have one shape, got \[2, 3\] and \[3, 2\]/u)
    refused({ logits: two, targets: tf.ones([2, 3], 'int32') }, 'bce', /AudiotagLoss: tensors must be float32, got int32/u)
    refused({ logits: two, targets: two }, 'hinge', /rule must be one of bce, boundedBce, mse, kl, klReference, got hinge/u)
    refused({ logits: tf.ones([3]), targets: tf.ones([3]) }, 'bce', /logits must be \[batch, classes\], none of them 0, got \[3\]/u)
    tf.disposeVariables()
  })
})

describe('dropout', () => {
  test('ReLU and mask, and their gradient, have the bits of the stock operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer(), async (size, seed) => {
        const [x, dy, draws] = [1, 2, 3].map((n) => values(seed + n, [size]))
        const mask = draws.map((draw) => (draw < -0.5 ? 0 : 4 / 3))
        const [y, dx, stockY, stockDx] = await on('wasm', () => {
          const [tx, tdy, tmask] = [x, dy, mask].map((array) => tf.tensor1d(array))
          const out = run('AudiotagDropout', { x: tx, mask: tmask }) as tf.Tensor
          const stock = tf.mul(tf.relu(tx), tmask)
          return [
            out,
            run('AudiotagDropoutGrad', { dy: tdy, mask: tmask, y: out }) as tf.Tensor,
            stock,
            tf.mul(tf.mul(tdy, tmask), tf.step(stock)),
          ]
        })
        expect(Array.from(y, (value) => value + 0)).toEqual(Array.from(stockY, (value) => value + 0))
        expect(Array.from(dx, (value) => value + 0)).toEqual(Array.from(stockDx, (value) => value + 0))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('a model drops the same on wasm as on cpu', async () => {
    const [cpu, wasm] = [await on('cpu', gradients), await on('wasm', gradients)]
    expect(cpu).toHaveLength(7)
    // Batch norms of few values multiply what the convolutions round; another mask would be off by all of it.
    wasm.forEach((array, i) => expect(relativeError(array, cpu[i])).toBeLessThan(1e-3))
  }, 60_000)

  test('other shapes are refused', async () => {
    await tf.setBackend('wasm')
    expect(() => run('AudiotagDropout', { x: tf.ones([4]), mask: tf.ones([5]) })).toThrow(/AudiotagDropout: tensors must have one shape/u)
    expect(() => run('AudiotagDropoutGrad', { dy: tf.ones([4]), mask: tf.ones([4]), y: tf.ones([2, 2]) })).toThrow(/one shape/u)
  })
})

/** Numbers in [0, 1) that depend on the seed alone. */
function draw(seed: number): () => number {
  const drawn = values(seed, [100_000])
  let i = 0
  return () => (drawn[i++ % drawn.length] + 1) / 2
}

/** Value and gradient of each loss, as packages/train/test/golden/README.md writes them. */
function formula(
  name: LossName,
  logits: Float32Array,
  targets: Float32Array,
  [rows, classes]: [number, number],
): { value: number; gradient: number[] } {
  const size = rows * classes
  let value = 0
  const gradient: number[] = []
  for (let start = 0; start < size; start += classes) {
    const z = Array.from(logits.subarray(start, start + classes))
    const y = Array.from(targets.subarray(start, start + classes))
    const labels = y.reduce((sum, label) => sum + label, 0)
    const largest = Math.max(...z)
    const logTotal = largest + Math.log(z.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    z.forEach((logit, i) => {
      const p = sigmoid(logit)
      const softmax = Math.exp(logit - logTotal)
      const entropy = (t: number): number => (t === 0 ? 0 : t * Math.log(t)) - t * (logit - logTotal)
      // log(1 + e^x) - x y, without overflow
      const cross = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - x * y[i]
      const [term, slope] = {
        bce: (): [number, number] => [cross(logit) / size, (p - y[i]) / size],
        boundedBce: (): [number, number] => [cross(p) / size, ((sigmoid(p) - y[i]) * p * sigmoid(-logit)) / size],
        mse: (): [number, number] => [(p - y[i]) ** 2 / size, (2 * (p - y[i]) * p * sigmoid(-logit)) / size],
        kl: (): [number, number] => [entropy(y[i] / labels) / rows, (softmax - y[i] / labels) / rows],
        klReference: (): [number, number] => [entropy(y[i]) / size, (softmax * labels - y[i]) / size],
      }[name]()
      value += term
      gradient.push(slope)
    })
  }
  return { value, gradient }
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))
