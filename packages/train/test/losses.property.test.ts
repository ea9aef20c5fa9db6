import { bce, boundedBce, kl, klReference, lossByName, mse, TrainError, type LossName } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const classes = 4
const row = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number[]> => fc.array(arbitrary, { minLength: classes, maxLength: classes })
const logit = fc.float({ min: -60, max: 60, noNaN: true })
const target = fc.float({ min: 0, max: 1, noNaN: true })
const batch = fc.array(fc.tuple(row(logit), row(target)), { minLength: 1, maxLength: 4 })

async function valueAndGradient(
  loss: (z: tf.Tensor, y: tf.Tensor) => tf.Tensor,
  z: number[][],
  y: number[][],
): Promise<{ value: number; gradient: number[] }> {
  const [logits, targets] = [tf.tensor2d(z), tf.tensor2d(y)]
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x, targets))(logits)
  const result = { value: (await value.data())[0], gradient: [...(await grad.data<'float32'>())] }
  tf.dispose([logits, targets, value, grad])
  return result
}

const names: LossName[] = ['bce', 'boundedBce', 'klReference', 'mse']

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(names)('%s: finite for any logits; the order of clips does not matter', async (name) => {
    await fc.assert(
      fc.asyncProperty(batch, async (rows) => {
        const [z, y] = [rows.map(([a]) => a), rows.map(([, b]) => b)]
        const { value, gradient } = await valueAndGradient(lossByName(name), z, y)
        expect([value, ...gradient].every(Number.isFinite)).toBe(true)
        const back = await valueAndGradient(lossByName(name), z.toReversed(), y.toReversed())
        expectClose([back.value], [value], { relative: 1e-4, absolute: 1e-5 })
        if (name !== 'klReference') expect(value).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 30 },
    )
  })

  test('bounded: each term within 0.693 … 1.313 for y = 0 and 0.313 … 0.693 for y = 1', async () => {
    await fc.assert(
      fc.asyncProperty(logit, fc.constantFrom(0, 1), async (z, y) => {
        const { value } = await valueAndGradient(boundedBce, [[z]], [[y]])
        const [low, high] = y === 0 ? [Math.LN2, Math.log(1 + Math.E)] : [Math.log(1 + Math.E) - 1, Math.LN2]
        expect(value).toBeGreaterThanOrEqual(low - 1e-6)
        expect(value).toBeLessThanOrEqual(high + 1e-6)
      }),
      { numRuns: 40 },
    )
    const [confident, plain] = [await valueAndGradient(boundedBce, [[5]], [[0]]), await valueAndGradient(bce, [[5]], [[0]])]
    expectClose([confident.gradient[0], plain.gradient[0]], [0.00485, 0.9933], { absolute: 1e-4 })
  })

  test('kl: 0 and flat at its own distribution, whatever the scale of the targets; adding to all logits of a clip changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        row(fc.float({ min: -5, max: 5, noNaN: true })),
        fc.float({ min: 0.25, max: 4, noNaN: true }),
        logit,
        async (z, scale, shift) => {
          const e = z.map(Math.exp)
          const y = e.map((x) => (scale * x) / e.reduce((a, b) => a + b, 0))
          const { value, gradient } = await valueAndGradient(kl, [z.map((x) => x + shift)], [y])
          expectClose([value, ...gradient], [0, 0, 0, 0, 0], { absolute: 2e-5 })
        },
      ),
      { numRuns: 30 },
    )
  })

  test('klReference of one-hot targets is kl divided by the classes', async () => {
    const [z, y] = [
      [
        [1, -2, 0.5, 3],
        [0, 1, 2, 3],
      ],
      [
        [0, 1, 0, 0],
        [1, 0, 0, 0],
      ],
    ]
    const [a, b] = [await valueAndGradient(kl, z, y), await valueAndGradient(klReference, z, y)]
    expectClose([b.value, ...b.gradient], [a.value / 4, ...a.gradient.map((g) => g / 4)], { absolute: 1e-6 })
  })

  test('kl of a clip without labels is NaN, never a number that looks right', async () => {
    const { value } = await valueAndGradient(kl, [[1, 2]], [[0, 0]])
    expect(value).toBeNaN()
  })

  test('targets are constants: no gradient flows to them', () => {
    for (const name of [...names, 'kl'] as const) {
      const y = tf.tensor2d([[0.5, 0.5]])
      const z = tf.tensor2d([[1, 2]])
      expect(() => tf.tidy(() => tf.grad((t: tf.Tensor) => lossByName(name)(z, t))(y)), name).toThrow('Cannot compute gradient')
      tf.dispose([y, z])
      // tfjs-core keeps what a pass that throws has saved
      for (const node of tf.engine().state.activeTape ?? []) tf.dispose(node.saved ?? [])
    }
  })

  test('wrong shapes and options are refused, and nothing leaks', async () => {
    await expectNoLeaks(() => {
      const [z, y, flat, empty] = [tf.zeros([2, 3]), tf.zeros([3, 2]), tf.zeros([6]), tf.zeros([0, 3])]
      const cases: [() => unknown, string, string][] = [
        [() => bce(z, y), 'shape', 'bce: targets must have the shape of the logits, [2, 3], got [3, 2]'],
        [() => kl(flat, flat), 'shape', 'kl: logits must be [batch, classes], got [6]'],
        [() => mse(empty, empty), 'shape', 'mse: a mean needs at least one clip'],
        [() => mse(z, z, { weight: NaN }), 'option', 'weight must be a finite number, got NaN'],
        [() => lossByName('hinge' as LossName), 'option', "no loss is called 'hinge'"],
        [() => lossByName('toString' as LossName), 'option', "no loss is called 'toString'"],
      ]
      for (const [call, code, message] of cases) {
        expect(call).toThrow(TrainError)
        expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
      }
      tf.dispose([z, y, flat, empty])
    })
  })
})
