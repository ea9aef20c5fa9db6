import { adam, createOptimizer, sgd, TrainError, type Optimizer, type OptimizerConfig } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, test } from 'vitest'

const configs: OptimizerConfig[] = [{ name: 'adam' }, { name: 'sgd', momentum: 0.9, nesterov: true }, { name: 'sgd', momentum: 0.5 }]
const shapes: Record<string, number[]> = { a: [2, 3], b: [4], c: [] }
const values = (name: string): Float32Array => goldenTensor(name, shapes[name[0]], { seed: 7, center: 0, scale: 1 })
const make = (names: string[]): Map<string, tf.Variable> =>
  new Map(names.map((name) => [name, tf.tidy(() => tf.variable(tf.tensor(values(name), shapes[name])))]))
const gradients = (names: string[], step: number): Record<string, tf.Tensor> =>
  Object.fromEntries(names.map((name) => [name, tf.tensor(values(`${name}/${step}`), shapes[name])]))

async function run(
  optimizer: Optimizer,
  names: string[],
  updated: (step: number) => string[],
  steps = 5,
): Promise<Record<string, number[]>> {
  const variables = make(names)
  for (let step = 0; step < steps; step++) {
    const all = gradients(updated(step), step)
    optimizer.apply(variables, all, 0.01)
    tf.dispose(all)
  }
  const result: Record<string, number[]> = {}
  for (const [name, variable] of variables) result[name] = [...(await variable.data<'float32'>())]
  optimizer.dispose()
  tf.dispose([...variables.values()])
  return result
}

interface Data {
  readonly dataId: object
}
const data = (backend: unknown, { dataId }: Data): Float32Array =>
  (backend as { data: { get(id: object): { values: Float32Array } } }).data.get(dataId).values

/** 'b' joins at the third update. */
const late = (step: number): string[] => (step < 2 ? ['a', 'c'] : ['a', 'b', 'c'])

/** In place on the cpu backend's arrays, in float64: what a backend's own kernels do. */
const kernels: Record<string, tf.KernelFunc> = {
  AudiotagAdam: ({ inputs, attrs, backend }) => {
    const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attrs as Record<string, number>
    const [value, m, v, gradient] = ['value', 'm', 'v', 'gradient'].map((name) => data(backend, inputs[name] as Data))
    for (let i = 0; i < value.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * gradient[i]
      v[i] = beta2 * v[i] + (1 - beta2) * gradient[i] ** 2
      value[i] -= (learningRate * m[i]) / correction1 / (Math.sqrt(v[i] / correction2) + epsilon)
    }
    return []
  },
  AudiotagSgd: ({ inputs, attrs, backend }) => {
    const { learningRate, momentum } = attrs as Record<string, number>
    const { nesterov } = attrs as Record<string, boolean>
    const [value, velocity, gradient] = ['value', 'velocity', 'gradient'].map((name) => data(backend, inputs[name] as Data))
    for (let i = 0; i < value.length; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i]
      value[i] -= learningRate * (nesterov ? gradient[i] + momentum * velocity[i] : velocity[i])
    }
    return []
  },
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(configs)('$name: memory is keyed by name, so neither order nor other variables matter', async (config) => {
    await expectNoLeaks(async () => {
      const all = ['a', 'b', 'c']
      const forward = await run(createOptimizer(config), all, () => all)
      const mixed = await run(createOptimizer(config), ['c', 'a', 'b'], (step) => (step % 2 ? ['b', 'c', 'a'] : ['a', 'b', 'c']))
      expect(mixed).toEqual(forward)
      const alone = await run(createOptimizer(config), ['b'], () => ['b'])
      expect(alone['b']).toEqual(forward['b'])
    })
  })

  test('Adam counts the updates of each variable: one that joins late is corrected as a new one', async () => {
    const both = await run(adam(), ['a', 'b'], (step) => (step === 0 ? ['b', 'a'] : ['b']), 1)
    const alone = await run(adam(), ['a'], () => ['a'], 1)
    expect(both['a']).toEqual(alone['a'])
    const optimizer = adam()
    const variables = make(['a', 'b'])
    for (const names of [['a'], ['a', 'b'], ['a']]) {
      const all = gradients(names, 0)
      optimizer.apply(variables, all, 0.01)
      tf.dispose(all)
    }
    const state = await optimizer.state()
    expect([state['step/a'].data[0], state['step/b'].data[0]]).toEqual([3, 1])
    optimizer.dispose()
    tf.dispose([...variables.values()])
  })

  test('a rate of 0 moves nothing, and the gradients stay the caller’s', async () => {
    for (const config of configs) {
      const variables = make(['a'])
      const all = gradients(['a'], 0)
      const optimizer = createOptimizer(config)
      optimizer.apply(variables, all, 0)
      expect([...(await variables.get('a')!.data<'float32'>())]).toEqual([...values('a')])
      expect(all['a'].isDisposed).toBe(false)
      optimizer.dispose()
      tf.dispose([all, ...variables.values()])
    }
  })

  test('wrong use is refused before anything changes', async () => {
    await expectNoLeaks(async () => {
      const variables = make(['a', 'b'])
      const optimizer = adam()
      const [a, b] = [tf.zeros([2, 3]), tf.zeros([5])]
      const cases: [() => unknown, string, string][] = [
        [() => optimizer.apply(variables, { a, x: b }, 0.1), 'variable', "a gradient for 'x', but no such variable"],
        [
          () => optimizer.apply(variables, { a, b }, 0.1),
          'variable',
          "the gradient of 'b' must have the shape of the variable, [4], got [5]",
        ],
        [() => optimizer.apply(variables, { a }, NaN), 'option', 'learningRate must be a finite number of at least 0, got NaN'],
        [() => optimizer.apply(variables, { a }, -1), 'option', 'got -1'],
        [() => adam({ beta1: 1 }), 'option', 'beta1 must be at least 0 and below 1, got 1'],
        [() => adam({ beta2: -0.1 }), 'option', 'beta2'],
        [() => adam({ epsilon: 0 }), 'option', 'epsilon must be above 0'],
        [() => sgd({ momentum: 1 }), 'option', 'momentum must be at least 0 and below 1'],
        [() => sgd({ nesterov: true }), 'option', 'nesterov needs a momentum above 0'],
        [() => createOptimizer({ name: 'lion' as 'adam' }), 'option', "got 'lion'"],
      ]
      for (const [call, code, message] of cases) {
        expect(call).toThrow(TrainError)
        expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
      }
      for (const [name, variable] of variables) expect([...(await variable.data<'float32'>())]).toEqual([...values(name)])
      optimizer.load({
        'm/a': { data: new Float32Array(1), shape: [1] },
        'v/a': { data: new Float32Array(1), shape: [1] },
        'step/a': { data: Int32Array.of(1), shape: [] },
      })
      expect(() => optimizer.apply(variables, { a }, 0.1)).toThrow("the loaded 'm' of 'a' is [1], the variable [2, 3]")
      optimizer.dispose()
      tf.dispose([a, b, ...variables.values()])
    })
  })
})

describe('kernels of a backend', () => {
  afterEach(() => {
    for (const name of Object.keys(kernels).flatMap((kernel) => [kernel, `${kernel}All`])) {
      if (tf.getKernel(name, 'cpu') != null) tf.unregisterKernel(name, 'cpu')
    }
  })

  test.each(configs)('$name, momentum $momentum: run in place give what the composition gives', async (config) => {
    await tf.setBackend('cpu')
    const names = ['a', 'b', 'c']
    const composed = await run(createOptimizer(config), names, () => names)
    let calls = 0
    for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
      tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc: (call) => ((calls += 1), kernelFunc(call)) })
    }
    const inPlace = await expectNoLeaks(() => run(createOptimizer(config), names, () => names))
    expect(calls).toBe(15)
    for (const name of names) expectClose(inPlace[name], composed[name], { absolute: 1e-6 })
  })

  test.each(configs)('$name, momentum $momentum: a kernel for all variables is called once, or once for each age', async (config) => {
    await tf.setBackend('cpu')
    for (const [kernelName, kernelFunc] of Object.entries(kernels)) tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc })
    const single = await run(createOptimizer(config), ['a', 'b', 'c'], late)
    const calls: number[] = []
    for (const [name, kernelFunc] of Object.entries(kernels)) {
      tf.registerKernel({
        kernelName: `${name}All`,
        backendName: 'cpu',
        kernelFunc: ({ inputs, attrs, backend }) => {
          const { values, gradients, ...slots } = inputs as unknown as Record<string, tf.Tensor[]>
          calls.push(values.length)
          values.forEach((value, i) => {
            const { m, v, velocities } = slots
            const one = name === 'AudiotagAdam' ? { m: m[i], v: v[i] } : { velocity: velocities[i] }
            kernelFunc({ inputs: { value, gradient: gradients[i], ...one } as unknown as tf.NamedTensorInfoMap, attrs: attrs!, backend })
          })
          return []
        },
      })
    }
    const all = await expectNoLeaks(() => run(createOptimizer(config), ['a', 'b', 'c'], late))
    expect(all).toEqual(single)
    expect(calls).toEqual(config.name === 'adam' ? [2, 2, 2, 1, 2, 1, 2, 1] : [2, 2, 3, 3, 3])
  })

  test('a tensor that shares its numbers with a variable keeps them', async () => {
    await tf.setBackend('cpu')
    for (const [kernelName, kernelFunc] of Object.entries(kernels)) tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc })
    const variables = make(['a'])
    const variable = variables.get('a')!
    const clone = tf.clone(variable)
    const optimizer = adam()
    const all = gradients(['a'], 0)
    for (let step = 0; step < 2; step++) optimizer.apply(variables, all, 0.1)
    expect([...(await clone.data<'float32'>())]).toEqual([...values('a')])
    expect([...(await variable.data<'float32'>())]).not.toEqual([...values('a')])
    optimizer.dispose()
    tf.dispose([clone, variable, all])
  })
})
