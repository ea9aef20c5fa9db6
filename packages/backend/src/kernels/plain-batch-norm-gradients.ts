import { add, div, mul, neg, ones, registerGradient, reshape, rsqrt, sub, sum, tile, util, zerosLike } from '@tensorflow/tfjs-core'
import type { Tensor } from '@tensorflow/tfjs-core'

/**
 * Gradients of what tf.layers' batch norm calls, for any backend: they pass over the activations five times instead of nine for the batch norm itself and
 * once instead of three times for each mean. Gradients belong to no backend.
 */
export function registerBatchNormGradients(): void {
  registerGradient({
    kernelName: 'FusedBatchNorm',
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc: (given, saved, attrs) => {
      const dy = given as Tensor
      const [x, mean, variance, scale] = saved
      const overPixels = (values: Tensor): Tensor =>
        mean.rank === 1
          ? sum(
              values,
              x.shape.slice(0, -1).map((_, axis) => axis),
            )
          : values
      const like = (values: Tensor): Tensor => reshape(values, mean.shape)
      const perDeviation = rsqrt(add(variance, attrs['varianceEpsilon'] as number))
      const gain = mul(perDeviation, scale)
      const total = overPixels(dy)
      const products = overPixels(mul(dy, sub(x, mean)))
      return {
        x: () => reshape(mul(dy, gain), x.shape),
        mean: () => like(neg(mul(total, gain))),
        variance: () => like(mul(products, mul(mul(gain, mul(perDeviation, perDeviation)), -0.5))),
        scale: () => like(mul(products, perDeviation)),
        offset: () => like(total),
      }
    },
  })
  registerGradient({
    kernelName: 'Mean',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => ({
      x: () => {
        const axes = util.parseAxisParam(attrs['axis'] as number[], x.shape)
        const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
        const times = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1))
        const count = times.reduce((product, size) => product * size, 1)
        if (count === 0) return zerosLike(x)
        const share = div(reshape(dy as Tensor, kept), count)
        // Tile has no gradient of its own beyond four axes.
        return x.rank > 4 ? mul(share, ones(x.shape)) : tile(share, times)
      },
    }),
  })
}
