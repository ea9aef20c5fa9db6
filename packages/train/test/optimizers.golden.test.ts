import { readFileSync } from 'node:fs'
import { createOptimizer } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { test } from 'vitest'

interface Golden {
  curvature: number[]
  start: number[]
  target: number[]
  steps: number
  cases: {
    optimizer: { name: 'adam' | 'sgd'; lr: number; momentum?: number; nesterov?: boolean; minLr?: number; period?: number }
    path: { float64: number[]; tolerance: number }
  }[]
}
const golden = JSON.parse(readFileSync(new URL('golden/optimizers.json', import.meta.url), 'utf8')) as Golden

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(golden.cases.map((c) => ({ ...c, title: JSON.stringify(c.optimizer) })))('$title: every step is that of PyTorch', async (c) => {
    const { lr, minLr, period, ...config } = c.optimizer
    await expectNoLeaks(async () => {
      const optimizer = createOptimizer(config)
      const x = tf.tidy(() => tf.variable(tf.tensor1d(golden.start)))
      const variables = new Map([['x', x]])
      const path: number[] = []
      for (let step = 0; step < golden.steps; step++) {
        const rate = period === undefined ? lr : minLr! + ((lr - minLr!) * (1 + Math.cos((Math.PI * (step % period)) / period))) / 2
        const gradient = tf.tidy(() => tf.mul(tf.sub(x, tf.tensor1d(golden.target)), tf.tensor1d(golden.curvature)))
        optimizer.apply(variables, { x: gradient }, rate)
        gradient.dispose()
        path.push(...(await x.data()))
      }
      expectClose(path, c.path.float64, { absolute: c.path.tolerance })
      optimizer.dispose()
      x.dispose()
    })
  })
})
