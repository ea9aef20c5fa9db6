import { tf } from './tfjs.mjs'

const KINDS = {
  Conv2D: 'convolution',
  Conv2DBackpropInput: 'convolution, gradient by input',
  Conv2DBackpropFilter: 'convolution, gradient by weights',
  AudiotagBatchNorm: 'batch norm + ReLU (+ residual)',
  AudiotagBatchNormGrad: 'batch norm + ReLU (+ residual), gradient',
  MaxPool: 'pooling',
  MaxPoolGrad: 'pooling, gradient',
  BatchMatMul: 'dense layers',
  _FusedMatMul: 'dense layers',
  AudiotagAdam: 'optimiser',
  AudiotagSgd: 'optimiser',
  AudiotagAdamAll: 'optimiser',
  AudiotagSgdAll: 'optimiser',
  AudiotagGradientNorm: 'norm of all gradients',
}

/**
 * Runs `step` some times with every kernel of the wasm backend timed.
 *
 * @param {() => Promise<number>} step one training step, gives its milliseconds
 * @param {number} steps how many
 * @returns {Promise<{ kinds: Record<string, number>, convolutions: { shape: string, calls: number, gigaflops: Record<string, number> }[] }>} milliseconds of the fastest step by kind
 *   of operation, and of every convolution the gigaflops of the direct sum (fastest call)
 */
export async function profileSteps(step, steps) {
  const convolutions = new Map()
  const inner = [0] // time of kernels that a kernel calls is theirs
  let kinds = {}
  for (const kernel of tf.getKernelsForBackend('wasm')) {
    const { kernelName, kernelFunc } = kernel
    const kind = KINDS[kernelName] ?? 'other kernels'
    tf.unregisterKernel(kernelName, 'wasm')
    tf.registerKernel({
      ...kernel,
      kernelFunc(call) {
        inner.push(0)
        const start = performance.now()
        const outputs = kernelFunc(call)
        const ms = performance.now() - start
        kinds[kind] = (kinds[kind] ?? 0) + ms - inner.pop()
        inner[inner.length - 1] += ms
        if (kernelName.startsWith('Conv2D')) count(convolutions, kernelName, call, outputs, ms)
        return outputs
      },
    })
  }
  let fastest = { ms: Infinity }
  for (let i = 0; i < steps; i++) {
    kinds = {}
    const ms = await step()
    const timed = Object.values(kinds).reduce((sum, part) => sum + part, 0)
    if (ms < fastest.ms) fastest = { ms, kinds: { ...kinds, 'JavaScript between kernels': ms - timed } }
  }
  return {
    kinds: fastest.kinds,
    convolutions: [...convolutions.values()].map((entry) => ({ ...entry, calls: entry.calls / steps })),
  }
}

/** The middle of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

function count(convolutions, name, { inputs, attrs }, outputs, ms) {
  const x = name === 'Conv2DBackpropInput' ? attrs.inputShape : inputs.x.shape
  const filter = name === 'Conv2DBackpropFilter' ? attrs.filterShape : inputs.filter.shape
  const y = name === 'Conv2D' ? outputs.shape : inputs.dy.shape
  const strides = typeof attrs.strides === 'number' ? [attrs.strides, attrs.strides] : attrs.strides
  const shape = `[${x.join(', ')}] ${filter[0]} × ${filter[1]}, ${filter[3]}, ${strides.join(' × ')}`
  if (!convolutions.has(shape)) convolutions.set(shape, { shape, calls: 0, gigaflops: {} })
  const entry = convolutions.get(shape)
  if (name === 'Conv2D') entry.calls++
  const flops = 2 * y.reduce((product, size) => product * size, 1) * filter[0] * filter[1] * filter[2]
  entry.gigaflops[name] = Math.max(entry.gigaflops[name] ?? 0, flops / ms / 1e6)
}
