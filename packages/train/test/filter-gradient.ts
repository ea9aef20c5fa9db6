import * as tf from '@tensorflow/tfjs-core'

/**
 * Gives a backend a filter gradient in plain loops: the stock wasm backend has none, the stock cpu one takes seconds a layer.
 * The tests of this package are about training, not about that kernel.
 */
export function plainFilterGradient(backendName: string): void {
  if (tf.getKernel('Conv2DBackpropFilter', backendName) != null) tf.unregisterKernel('Conv2DBackpropFilter', backendName)
  tf.registerKernel({ kernelName: 'Conv2DBackpropFilter', backendName, kernelFunc })
}

const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo }
  const { strides, pad, filterShape } = attrs as unknown as { strides: [number, number]; pad: never; filterShape: number[] }
  const info = tf.backend_util.computeConv2DInfo(x.shape as never, filterShape as never, strides, 1, pad)
  const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels, outChannels, padInfo } = info
  const owner = backend as { readSync(dataId: object): Float32Array }
  const [xs, dys] = [owner.readSync(x.dataId), owner.readSync(dy.dataId)]
  const sums = new Float64Array(tf.util.sizeFromShape(filterShape))
  for (let fy = 0, at = 0; fy < filterShape[0]; fy++) {
    for (let fx = 0; fx < filterShape[1]; fx++, at += inChannels * outChannels) {
      for (let row = 0; row < batchSize * outHeight; row++) {
        const iy = (row % outHeight) * strides[0] + fy - padInfo.top
        if (iy < 0 || iy >= inHeight) continue
        const start = (Math.floor(row / outHeight) * inHeight + iy) * inWidth
        for (let ox = 0; ox < outWidth; ox++) {
          const ix = ox * strides[1] + fx - padInfo.left
          if (ix < 0 || ix >= inWidth) continue
          const to = (row * outWidth + ox) * outChannels
          for (let i = 0; i < inChannels; i++) {
            const value = xs[(start + ix) * inChannels + i]
            const sum = at + i * outChannels
            for (let o = 0; o < outChannels; o++) sums[sum + o] += value * dys[to + o]
          }
        }
      }
    }
  }
  return tf.tensor(Float32Array.from(sums), filterShape)
}
