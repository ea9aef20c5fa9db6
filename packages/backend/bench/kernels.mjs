// Speed of every convolution of the networks on one thread and on two, whose bursts take turns: node bench/kernels.mjs [plain|relaxed] [rounds] [network]
// Gigaflops are those of the direct sum, so 3 x 3 kernels (Winograd) may pass the processor's peak. Fastest call of all rounds, since others slow a virtual machine down for seconds.
import { fork } from 'node:child_process'
import { once } from 'node:events'

const [simd = 'plain', rounds = '15', only] = process.argv.slice(2)
const KINDS = [
  ['Conv2D', 'forward'],
  ['Conv2DBackpropInput', 'by input'],
  ['Conv2DBackpropFilter', 'by weights'],
]

/**
 * Of each network: [batch, height, width, inputs], kernel, outputs, strides, padding on each side.
 *
 * @type {Record<string, [number[], number[], number, number[], number][]>}
 */
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

const threads = [1, 2].map((count) => fork(new URL('serve-kernels.mjs', import.meta.url), [String(count), simd]))
for (const thread of threads) await once(thread, 'message')
const jobs = Object.entries(NETWORKS)
  .filter(([network]) => !only || network === only)
  .flatMap(([network, convolutions]) =>
    convolutions.flatMap((convolution) =>
      KINDS.map(([kernel, name]) => ({ network, convolution, kernel, name, best: [Infinity, Infinity], flops: 0 })),
    ),
  )
for (let round = 0; round < Number(rounds); round++) {
  for (const job of jobs) {
    for (const [i, thread] of threads.entries()) {
      thread.send({ convolution: job.convolution, kernel: job.kernel })
      const [{ ms, flops }] = await once(thread, 'message')
      job.best[i] = Math.min(job.best[i], ms)
      job.flops = flops
    }
  }
}
for (const thread of threads) thread.disconnect()

console.log(`${simd} SIMD, Node ${process.versions.node}, one thread and two`)
let network
for (const job of jobs) {
  if (job.network !== network) {
    network = job.network
    console.log(
      `${network.padEnd(48)} ${''.padEnd(10)} ${['one', 'two'].map((name) => `${name.padStart(6)} GF/s     µs`).join('')}  gain, %`,
    )
  }
  const [shape, kernel, outputs, strides] = job.convolution
  const cells = job.best.map((ms) => `${(job.flops / ms / 1e6).toFixed(1).padStart(11)} ${(ms * 1000).toFixed(0).padStart(6)}`)
  const gain = ((job.best[0] / job.best[1] - 1) * 100).toFixed(0)
  const label = `[${shape.join(', ')}] ${kernel.join(' × ')}, ${outputs}, ${strides.join(' × ')}`
  console.log(`  ${label.padEnd(46)} ${job.name.padEnd(10)} ${cells.join('')} ${gain.padStart(8)}`)
}
const square = jobs.filter(({ convolution }) => convolution[1].join() === '3,3')
console.log(
  `${square.filter(({ best, flops }) => flops / best[0] / 1e6 >= 45).length} of ${square.length} kernels of 3 × 3 have 45 gigaflops on one thread, ` +
    `${square.filter(({ best }) => best[0] / best[1] >= 1.85).length} gain 85 % on two.`,
)
