import type { Rng } from './rng.js'
import type { WeightSpec } from './weight-specs.js'

/**
 * How convolutions start. `'kaimingFanOut'`: normal, variance 2 / (outputs · height · width), torchvision's ResNets and so the authors';
 * `'kaimingUniform'`: uniform within ±1 / √(inputs · height · width), PyTorch's `nn.Conv2d` on its own.
 */
export type ConvolutionInit = 'kaimingFanOut' | 'kaimingUniform'

/** Initial values of a weight, drawn from `rng` element by element. */
export function initialWeights(spec: WeightSpec, rng: Rng, convolutions: ConvolutionInit = 'kaimingFanOut'): Float32Array {
  const { shape } = spec
  const rescaled = spec.initial === 'normal' && convolutions === 'kaimingUniform'
  const initial = rescaled ? 'uniform' : spec.initial
  const scale = rescaled ? 1 / Math.sqrt(shape[0] * shape[1] * shape[2]) : spec.scale
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
