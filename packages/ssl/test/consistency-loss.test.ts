import { SslError } from '@audiotag/ssl'
import { consistencyLoss, guessLabels } from '@audiotag/ssl/tfjs'
import { describeBackends, expectClose, expectNoLeaks, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))
const softmax = (row: number[]): number[] => {
  const largest = Math.max(...row)
  const e = row.map((z) => Math.exp(z - largest))
  return e.map((x) => x / e.reduce((a, b) => a + b, 0))
}
const timesLog = (t: number, p: number): number => (t === 0 ? 0 : t * Math.log(t / p))

/** The formulas in float64, row by row. */
const oracle = (z: number[][], t: number[][], activation: 'sigmoid' | 'softmax', distance: 'mse' | 'kl'): number => {
  let sum = 0
  z.forEach((row, b) => {
    const p = activation === 'sigmoid' ? row.map(sigmoid) : softmax(row)
    p.forEach((value, c) => {
      if (distance === 'mse') sum += (value - t[b][c]) ** 2
      else sum += timesLog(t[b][c], value) + (activation === 'sigmoid' ? timesLog(1 - t[b][c], 1 - value) : 0)
    })
  })
  return sum / (activation === 'softmax' && distance === 'kl' ? z.length : z.length * z[0].length)
}

const rows = (values: ArrayLike<number>, classes: number): number[][] =>
  Array.from({ length: values.length / classes }, (_, b) => Array.from({ length: classes }, (_, c) => values[b * classes + c]))
const combinations = (['sigmoid', 'softmax'] as const).flatMap((activation) =>
  (['mse', 'kl'] as const).map((distance) => ({ activation, distance })),
)

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(combinations)(
    '$activation $distance: value of the formula, gradient of finite differences, none for the targets',
    async ({ activation, distance }) => {
      await expectNoLeaks(async () => {
        const [batch, classes] = [3, 4]
        const z = goldenTensor('logits', [batch, classes], { seed: 3, center: 0, scale: 3 })
        const raw = rows(goldenTensor('targets', [batch, classes], { seed: 3, center: 0.5, scale: 0.5 }), classes)
        raw[0][1] = 0
        const t = (activation === 'softmax' ? raw.map((row) => row.map((x) => x / row.reduce((a, b) => a + b, 0))) : raw).map((row) => [
          ...Float32Array.from(row),
        ])
        const loss = consistencyLoss({ activation, distance })
        const [logits, targets] = [tf.tensor2d(z, [batch, classes]), tf.tensor2d(t)]
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x, targets))(logits)
        expectClose(await value.data(), [oracle(rows(z, classes), t, activation, distance)], { relative: 2e-6, absolute: 1e-7 })
        const differences = Array.from(z, (_, i) => {
          const [up, down] = [1e-5, -1e-5].map((step) =>
            oracle(
              rows(
                Array.from(z, (x, k) => (k === i ? x + step : x)),
                classes,
              ),
              t,
              activation,
              distance,
            ),
          )
          return (up - down) / 2e-5
        })
        expectClose(await grad.data(), differences, { absolute: 2e-6 })
        tf.dispose([value, grad, logits, targets])
      })
    },
  )

  test('equal predictions have no distance; ±100 stays finite', async () => {
    await expectNoLeaks(async () => {
      const z = tf.tensor2d([[100, -100, 0, 3]])
      for (const options of combinations) {
        const targets = tf.tidy(() => (options.activation === 'sigmoid' ? tf.sigmoid(z) : tf.softmax(z)))
        const other = tf.tensor2d([[-100, 100, 0, 3]])
        const [same, far] = [consistencyLoss(options)(z, targets), consistencyLoss(options)(other, targets)]
        expectClose(await same.data(), [0], { absolute: 1e-6 })
        expect(Number.isFinite((await far.data())[0])).toBe(true)
        expect((await far.data())[0]).toBeGreaterThan(0.1)
        tf.dispose([targets, other, same, far])
      }
      z.dispose()
    })
  })

  test('shapes must agree', () => {
    const [z, t] = [tf.zeros([2, 3]), tf.zeros([2, 2])]
    expect(() => consistencyLoss()(z, t)).toThrow(
      expect.objectContaining({ code: 'shape', message: expect.stringContaining('[2, 3] and [2, 2]') }),
    )
    tf.dispose([z, t])
  })

  test('guessed labels are the sharpened mean of the views', async () => {
    await expectNoLeaks(async () => {
      const views = [tf.tensor2d([[0, 2]]), tf.tensor2d([[0, -1]])]
      const labels = await guessLabels(views, (view) => tf.sigmoid(view))
      const mean = (sigmoid(2) + sigmoid(-1)) / 2
      expectClose(labels, [0.5, mean ** 2 / (mean ** 2 + (1 - mean) ** 2)], { absolute: 1e-6 })
      const row = await guessLabels(views, (view) => tf.softmax(view), { activation: 'softmax', temperature: 1 })
      expectClose([row[0] + row[1]], [1], { absolute: 1e-6 })
      tf.dispose(views)
    })
  })
})

describe('failures', () => {
  test('unknown options and no views', async () => {
    expect(() => consistencyLoss({ activation: 'tanh' as 'sigmoid' })).toThrow(SslError)
    expect(() => consistencyLoss({ distance: 'l1' as 'mse' })).toThrow("got 'l1'")
    await expect(guessLabels([], () => tf.zeros([1, 1]))).rejects.toThrow('at least one view')
  })
})
