// Speed of every convolution of the networks, one line each: node bench/kernels.mjs [threads] [plain|relaxed]
// Gigaflops are those of the direct sum, so 3 x 3 kernels (Winograd) may pass the processor's peak. Minimum of 30 runs.
import * as tf from '@tensorflow/tfjs-core'

import { useWasm } from '@audiotag/backend'

const started = await useWasm({ threads: Number(process.argv[2] ?? 1), simd: process.argv[3] ?? 'plain' })
console.log(`${started.threads} thread(s), ${started.simd} SIMD, Node ${process.versions.node}`)
console.log(
  `${'[batch, height, width, in] kernel, out, stride'.padEnd(48)} ${['forward', 'by input', 'by weights'].map((name) => `${name.padStart(10)} GF/s     µs`).join('')}`,
)

/** Of each network: [batch, height, width, inputs], kernel, outputs, strides, padding on each side. */
const NETWORKS = {
  'resnet34 1/8': [
    [[16, 128, 128, 1], [7, 7], 8, [2, 2], 3],
    [[16, 32, 32, 8], [3, 3], 8, [1, 1], 1],
    [[16, 32, 32, 8], [3, 3], 16, [2, 2], 1],
    [[16, 32, 32, 8], [1, 1], 16, [2, 2], 0],
    [[16, 16, 16, 16], [3, 3], 16, [1, 1], 1],
    [[16, 16, 16, 16], [3, 3], 32, [2, 2], 1],
    [[16, 8, 8, 32], [3, 3], 32, [1, 1], 1],
    [[16, 8, 8, 32], [3, 3], 64, [2, 2], 1],
    [[16, 4, 4, 64], [3, 3], 64, [1, 1], 1],
  ],
  'resnet34 1/4': [
    [[8, 32, 64, 16], [3, 3], 16, [1, 1], 1],
    [[8, 32, 64, 16], [3, 3], 32, [2, 2], 1],
    [[8, 16, 32, 32], [3, 3], 32, [1, 1], 1],
    [[8, 16, 32, 32], [3, 3], 64, [2, 2], 1],
    [[8, 8, 16, 64], [3, 3], 64, [1, 1], 1],
    [[8, 8, 16, 64], [3, 3], 128, [2, 2], 1],
    [[8, 4, 8, 128], [3, 3], 128, [1, 1], 1],
  ],
  'envnet2 1/8': [
    [[8, 1, 44_100, 1], [1, 64], 4, [1, 2], 0],
    [[8, 1, 22_019, 4], [1, 16], 64, [1, 2], 0],
    [[8, 64, 171, 1], [8, 8], 4, [1, 1], 0],
    [[8, 57, 164, 4], [8, 8], 4, [1, 1], 0],
    [[8, 10, 52, 4], [1, 4], 8, [1, 1], 0],
    [[8, 10, 49, 8], [1, 4], 8, [1, 1], 0],
    [[8, 10, 23, 8], [1, 2], 16, [1, 1], 0],
    [[8, 10, 22, 16], [1, 2], 16, [1, 1], 0],
    [[8, 10, 10, 16], [1, 2], 32, [1, 1], 0],
  ],
  'resnet34 1': [
    [[4, 128, 512, 1], [7, 7], 64, [2, 2], 3],
    [[4, 32, 128, 64], [3, 3], 64, [1, 1], 1],
    [[8, 32, 128, 64], [3, 3], 128, [2, 2], 1],
    [[4, 16, 64, 128], [3, 3], 128, [1, 1], 1],
    [[8, 16, 64, 128], [3, 3], 256, [2, 2], 1],
    [[4, 8, 32, 256], [3, 3], 256, [1, 1], 1],
    [[8, 8, 32, 256], [3, 3], 512, [2, 2], 1],
    [[4, 4, 16, 512], [3, 3], 512, [1, 1], 1],
  ],
}

for (const [network, convolutions] of Object.entries(NETWORKS)) {
  console.log(network)
  for (const [shape, kernel, outputs, strides, padding] of convolutions) measure(shape, kernel, outputs, strides, padding)
}

/**
 * @param {number[]} shape
 * @param {number[]} kernel
 * @param {number} outputs
 * @param {number[]} strides
 * @param {number} padding
 */
function measure(shape, kernel, outputs, strides, padding) {
  const pad = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]
  const filterShape = [...kernel, shape[3], outputs]
  const [x, filter] = [tf.randomUniform(shape), tf.randomUniform(filterShape)]
  const dy = tf.conv2d(x, filter, strides, pad)
  const flops = 2 * dy.size * kernel[0] * kernel[1] * shape[3]
  const attributes = { strides, pad, dataFormat: 'NHWC', dilations: 1, inputShape: shape, filterShape }
  const cells = [
    ['Conv2D', { x, filter }],
    ['Conv2DBackpropInput', { dy, filter }],
    ['Conv2DBackpropFilter', { x, dy }],
  ].map(([name, inputs]) => {
    const repeats = Math.ceil(1e7 / flops)
    let best = Infinity
    for (let run = 0; run < 36; run++) {
      const start = performance.now()
      for (let i = 0; i < repeats; i++) tf.engine().runKernel(name, inputs, attributes).dispose()
      if (run >= 6) best = Math.min(best, (performance.now() - start) / repeats)
    }
    return `${(flops / best / 1e6).toFixed(1).padStart(13)} ${(best * 1000).toFixed(0).padStart(6)}`
  })
  console.log(`  ${`[${shape.join(', ')}] ${kernel.join(' × ')}, ${outputs}, ${strides.join(' × ')}`.padEnd(46)} ${cells.join('')}`)
  tf.dispose([x, filter, dy])
}
