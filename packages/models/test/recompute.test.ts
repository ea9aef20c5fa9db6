import { createModel, ModelError, type Architecture, type TaggingModel } from '@audiotag/models'
import { expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients of tfjs-core
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fastFilterGradientOnCpu } from './fast-filter-gradient.js'
import { seeded } from './seeded.js'

type Activations = 'keep' | 'recompute'

beforeAll(async () => {
  await tf.setBackend('cpu')
  fastFilterGradientOnCpu()
})
afterAll(() => tf.disposeVariables())

const made = (architecture: Architecture, more: object = {}): TaggingModel =>
  createModel({ architecture, classes: 3, width: 1 / 16, activation: 'sigmoid', ...more }, { rng: seeded(1) })

function clips(architecture: Architecture, batch: number, seed = 5): tf.Tensor {
  const shape = architecture === 'envnet2' ? [batch, 20_570] : [batch, 20, 24, 1]
  const rng = seeded(seed)
  const size = shape.reduce((product, n) => product * n, 1)
  return tf.tensor(
    Float32Array.from({ length: size }, () => 2 * rng() - 1),
    shape,
  )
}

const trainable = (model: TaggingModel): tf.Variable[] => model.trainable.map((name) => model.variables.get(name) as tf.Variable)

/** Everything that two steps of plain descent give: losses, gradients by weights, and all variables at the end, as bits. */
function someSteps(architecture: Architecture, heads: readonly string[], activations: Activations): Uint32Array[] {
  const model = made(architecture, { heads })
  const rng = seeded(2)
  const found: tf.Tensor[] = []
  for (let step = 0; step < 2; step++) {
    const x = clips(architecture, 2, step)
    // Each head is a pass of its own over other clips: gradients of the shared encoder are summed.
    const loss = (): tf.Scalar =>
      tf.addN(heads.map((head, i) => tf.mean(tf.square(model.forward(tf.mul(x, i + 1), { head, training: true, activations, rng })))))
    const { value, grads } = tf.variableGrads(loss, trainable(model))
    found.push(value, ...Object.values(grads))
    tf.tidy(() => trainable(model).forEach((variable) => variable.assign(tf.sub(variable, tf.mul(grads[variable.name], 0.01)))))
    x.dispose()
  }
  const bits = [...found, ...model.variables.values()].map((tensor) => new Uint32Array(tensor.dataSync<'float32'>().slice().buffer))
  tf.dispose(found)
  model.dispose()
  return bits
}

// EnvNet is slow on cpu: with one head it runs in the tests of the backend package.
test.each([
  ['resnet18', ['curated']],
  ['resnet34', ['curated', 'noisy']],
  ['seresnext50', ['curated', 'noisy']],
  ['envnet2', ['curated', 'noisy']],
] as const)(
  '%s, heads %j: recomputed activations train to the bits of kept ones and leave no tensors',
  async (architecture, heads) => {
    const kept = someSteps(architecture, heads, 'keep')
    const recomputed = await expectNoLeaks(() => someSteps(architecture, heads, 'recompute'))
    expect(recomputed).toHaveLength(kept.length)
    for (const [i, bits] of kept.entries()) expect(recomputed[i]).toEqual(bits)
  },
  120_000,
)

test.each(['resnet18', 'seresnext50', 'envnet2'] as const)(
  '%s: the gradient by the input is the same, to the last bit',
  (architecture) => {
    const model = made(architecture, { dropout: [0, 0] })
    const x = clips(architecture, 2)
    const [kept, recomputed] = (['keep', 'recompute'] as const).map((activations) =>
      tf
        .grad((x) => tf.mean(tf.square(model.forward(x, { training: true, activations }))))(x)
        .dataSync(),
    )
    expect(kept.some((value) => value !== 0)).toBe(true)
    expect(recomputed).toEqual(kept)
    x.dispose()
    model.dispose()
  },
  60_000,
)

/** Runs `fn` while a kernel of the cpu backend counts its calls and throws at one of them. */
function withKernel(kernelName: string, throwsAt: number, fn: () => void): number {
  const stock = tf.getKernel(kernelName, 'cpu')
  let calls = 0
  const kernelFunc: tf.KernelFunc = (call) => {
    if (++calls === throwsAt) throw new Error(`${kernelName} on purpose`)
    return stock.kernelFunc(call)
  }
  tf.unregisterKernel(kernelName, 'cpu')
  tf.registerKernel({ ...stock, kernelFunc })
  try {
    fn()
  } finally {
    tf.unregisterKernel(kernelName, 'cpu')
    tf.registerKernel(stock)
  }
  return calls
}

describe('what runs when', () => {
  test('running statistics move in the forward pass alone', () => {
    const model = made('resnet18', { dropout: [0, 0] })
    const x = clips('resnet18', 2)
    let after: Float32Array | undefined
    const mean = model.variables.get('layer4.1.bn2.running_mean') as tf.Variable
    const { value, grads } = tf.variableGrads(() => {
      const logits = model.forward(x, { training: true, activations: 'recompute' })
      after = mean.dataSync<'float32'>().slice()
      return tf.mean(logits)
    }, trainable(model))
    expect(after?.some((value) => value !== 0)).toBe(true)
    expect(mean.dataSync()).toEqual(after)
    tf.dispose([value, grads, x])
    model.dispose()
  })

  test('each convolution runs once more, and not at all where no gradient goes', () => {
    const model = made('resnet18', { dropout: [0, 0] })
    const x = clips('resnet18', 2)
    const step = (activations: Activations, variables: tf.Variable[]): void =>
      tf.tidy(() => void tf.variableGrads(() => tf.mean(model.forward(x, { training: true, activations })), variables))
    const head = [model.variables.get('last_linear.0.weight') as tf.Variable]
    expect(withKernel('Conv2D', 0, () => step('keep', trainable(model)))).toBe(20)
    expect(withKernel('Conv2D', 0, () => step('recompute', trainable(model)))).toBe(40)
    expect(withKernel('Conv2D', 0, () => step('recompute', head))).toBe(20)
    x.dispose()
    model.dispose()
  })
})

/** The same as `@audiotag/train` does after a pass that threw: TensorFlow.js leaves its tape to the caller. */
const disposeTape = (): void => {
  const { state } = tf.engine()
  for (const node of state.activeTape ?? []) tf.dispose(node.saved ?? [])
  state.activeTape = []
}

describe('an error in the middle of a step', () => {
  test.each([
    ['Conv2D', [1, 9, 20, 21, 29, 40]], // 20 forward, 20 in the recomputation
    ['Conv2DBackpropFilter', [1, 10, 20]],
    ['Conv2DBackpropInput', [1, 10, 20]],
  ])(
    '%s leaves no tensors, and the step can be repeated',
    async (kernelName, places) => {
      const model = made('resnet18', { dropout: [0, 0] })
      const x = clips('resnet18', 2)
      const step = (): void =>
        tf.tidy(() => {
          const loss = (): tf.Scalar => tf.mean(tf.square(model.forward(x, { training: true, activations: 'recompute' })))
          tf.variableGrads(loss, trainable(model))
        })
      for (const place of places) {
        await expectNoLeaks(() => {
          expect(() => withKernel(kernelName, place, step)).toThrow('on purpose')
          disposeTape()
        })
        await expectNoLeaks(step)
      }
      x.dispose()
      model.dispose()
    },
    60_000,
  )
})

describe('options', () => {
  test.each([
    [{ training: true, activations: 'forget' as Activations }, 'got forget with training: true'],
    [{ training: false, activations: 'recompute' as const }, 'got recompute with training: false'],
    [{ activations: 'recompute' as const }, 'got recompute with training: false'],
  ])('%j is refused', async (options, message) => {
    const model = made('resnet18', { dropout: [0, 0] })
    const x = clips('resnet18', 2)
    await expectNoLeaks(() => {
      expect(() => model.forward(x, options)).toThrow(ModelError)
      expect(() => model.forward(x, options)).toThrow(
        expect.objectContaining({ code: 'activations', message: expect.stringContaining(message) }),
      )
    })
    x.dispose()
    model.dispose()
  })

  test('without a gradient the logits are the same and nothing stays', async () => {
    const model = made('resnet18', { dropout: [0, 0] })
    const x = clips('resnet18', 2)
    const [kept, recomputed] = await expectNoLeaks(() =>
      (['keep', 'recompute'] as const).map((activations) => {
        const logits = model.forward(x, { training: true, activations })
        const values = logits.dataSync()
        logits.dispose()
        return values
      }),
    )
    expect(recomputed).toEqual(kept)
    x.dispose()
    model.dispose()
  })
})
