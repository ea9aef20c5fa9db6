import type { Rng } from './rng.js'
import type { WeightSpec } from './weight-specs.js'

/** Initial values of a weight, drawn from `rng` element by element. */
export function initialWeights({ shape, initial, scale }: WeightSpec, rng: Rng): Float32Array {
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1))
  if (initial === 'ones') data.fill(1)
  if (initial === 'uniform') for (let i = 0; i < data.length; i++) data[i] = scale * (2 * rng() - 1)
  if (initial === 'normal') {
    for (let i = 0; i < data.length; i += 2) {
      const radius = scale * Math.sqrt(-2 * Math.log(1 - rng())) // 1 - u is in (0, 1]
      const angle = 2 * Math.PI * rng()
      data[i] = radius * Math.cos(angle)
      if (i + 1 < data.length) data[i + 1] = radius * Math.sin(angle)
    }
  }
  return data
}
