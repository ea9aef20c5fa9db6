// A process of kernels.mjs: times bursts of one convolution kernel on some threads. Arguments: threads, SIMD.
import * as tf from '@tensorflow/tfjs-core'

import { useWasm } from '@audiotag/backend'

const BURST_MILLISECONDS = 15
/** Direct sums of a measurement at least, so that a call of some microseconds is not lost in the clock. */
const SUMS = 8e6

/** Tensors by convolution, made once. */
const tensors = new Map()

await useWasm({ threads: Number(process.argv[2]), simd: process.argv[3] })
process.on('message', ({ convolution, kernel }) => {
  const key = JSON.stringify(convolution)
  if (!tensors.has(key)) tensors.set(key, prepare(convolution))
  const { inputs, attributes, flops } = tensors.get(key)
  const calls = Math.ceil(SUMS / flops)
  const end = performance.now() + BURST_MILLISECONDS
  let best = Infinity
  for (let i = 0; i < 6 || performance.now() < end; i++) {
    const start = performance.now()
    for (let call = 0; call < calls; call++) tf.engine().runKernel(kernel, inputs[kernel], attributes).dispose()
    if (i > 1) best = Math.min(best, (performance.now() - start) / calls)
  }
  process.send({ ms: best, flops })
})
process.send('ready')

function prepare([shape, kernel, outputs, strides, padding]) {
  const pad = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]
  const filterShape = [...kernel, shape[3], outputs]
  const [x, filter] = [tf.randomUniform(shape), tf.randomUniform(filterShape)]
  const dy = tf.conv2d(x, filter, strides, pad)
  return {
    inputs: { Conv2D: { x, filter }, Conv2DBackpropInput: { dy, filter }, Conv2DBackpropFilter: { x, dy } },
    attributes: { strides, pad, dataFormat: 'NHWC', dilations: 1, inputShape: shape, filterShape },
    flops: 2 * dy.size * kernel[0] * kernel[1] * shape[3],
  }
}
