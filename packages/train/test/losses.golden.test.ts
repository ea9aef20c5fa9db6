import { readFileSync } from 'node:fs'
import { lossByName, mse, type LossName } from '@audiotag/train'
import { describeBackends, expectClose, expectNoLeaks, goldenLabels, goldenTensor } from '@audiotag/testkit'
import * as tf from '@tensorflow/tfjs-core'
import { test } from 'vitest'

interface Rule {
  name: string
  center?: number
  scale?: number
  density?: number
}
interface Case {
  loss: LossName
  weight: number
  case: string
  shape: [number, number]
  logits: number[] | Rule
  target: number[] | Rule
  value: { float64: number[]; tolerance: number }
  gradient: { float64: number[]; norm: number; sum: number; first: number[]; tolerance: number }
}
const golden = JSON.parse(readFileSync(new URL('golden/losses.json', import.meta.url), 'utf8')) as { seed: number; cases: Case[] }

function values(rule: number[] | Rule, shape: [number, number]): number[] | Float32Array {
  if (Array.isArray(rule)) return rule
  const { seed } = golden
  if (rule.density !== undefined) return goldenLabels(rule.name, shape, { seed, density: rule.density })
  return goldenTensor(rule.name, shape, { seed, center: rule.center!, scale: rule.scale! })
}

describeBackends(['cpu', 'wasm', 'tensorflow', 'webgpu'], () => {
  test.each(golden.cases)('$loss, $case logits: value and gradient are those of PyTorch', async (c) => {
    await expectNoLeaks(async () => {
      const logits = tf.tensor2d(values(c.logits, c.shape), c.shape)
      const targets = tf.tensor2d(values(c.target, c.shape), c.shape)
      // mse takes the weight itself, the others leave it to the stream
      const loss =
        c.loss === 'mse' ? (z: tf.Tensor) => mse(z, targets, { weight: c.weight }) : (z: tf.Tensor) => lossByName(c.loss)(z, targets)
      const { value, grad } = tf.valueAndGrad(loss)(logits)
      const [v, g] = [await value.data<'float32'>(), await grad.data<'float32'>()]
      expectClose(v, c.value.float64, { absolute: c.value.tolerance })
      const { norm, sum, first, tolerance, float64 } = c.gradient
      if (c.case === 'large') {
        const total = g.reduce((a, b) => a + b, 0)
        expectClose([Math.hypot(...g), ...g.slice(0, 8)], [norm, ...first], { absolute: tolerance })
        expectClose([total], [sum], { absolute: tolerance * Math.sqrt(g.length) })
      } else {
        expectClose(g, float64, { absolute: tolerance })
      }
      tf.dispose([logits, targets, value, grad])
    })
  })
})
