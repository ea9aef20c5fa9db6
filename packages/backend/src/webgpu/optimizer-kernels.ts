import type { TensorInfo } from '@tensorflow/tfjs-core'

import { checkedSizes, optimizerKernelsOf } from '../kernels/optimizer-contract.js'
import type { AdamAttributes, Lists, SgdAttributes } from '../kernels/optimizer-contract.js'
import type { GpuBackend } from './gpu-backend.js'
import type { OwnGpuKernels } from './own-kernels.js'
import type { ProgramSource } from './program.js'
import { sum, workgroupReduction } from './workgroup-reduction.js'

const THREADS = 256

/** Elements of a workgroup. */
const BLOCK = 4 * THREADS

/** Elements of a gradient that a workgroup sums. */
const SUM_BLOCK = 32 * THREADS

/** In place, without temporaries, of as many variables in a dispatch as the device binds buffers. */
export const optimizerKernels: OwnGpuKernels = () => optimizerKernelsOf((backend) => backend as GpuBackend, { adam, sgd, gradientNorm })

const adamRule = (i: number): string => `
  let g = gradient${i}[at];
  let m = r.beta1 * m${i}[at] + r.gain1 * g;
  let v = r.beta2 * v${i}[at] + r.gain2 * g * g;
  m${i}[at] = m;
  v${i}[at] = v;
  value${i}[at] -= r.rate * m / (sqrt(v) * r.root + r.epsilon);`

function adam(
  kernel: string,
  gpu: GpuBackend,
  { values, m, v, gradients }: Lists<'values' | 'm' | 'v' | 'gradients'>,
  attributes: AdamAttributes,
): void {
  const { learningRate, beta1, beta2, epsilon, correction1, correction2 } = attributes
  const rates = {
    beta1,
    gain1: 1 - beta1,
    beta2,
    gain2: 1 - beta2,
    rate: learningRate / correction1,
    root: 1 / Math.sqrt(correction2),
    epsilon,
  }
  update(gpu, { kernel, name: 'adam', gradients, states: { value: values, m, v }, rates, rule: adamRule })
}

function sgd(
  kernel: string,
  gpu: GpuBackend,
  { values, velocities, gradients }: Lists<'values' | 'velocities' | 'gradients'>,
  { learningRate, momentum, nesterov }: SgdAttributes,
): void {
  const rule = (i: number): string => `
    let g = gradient${i}[at];
    let v = r.momentum * v${i}[at] + g;
    v${i}[at] = v;
    value${i}[at] -= r.rate * ${nesterov ? '(g + r.momentum * v)' : 'v'};`
  const rates = { momentum, rate: learningRate }
  update(gpu, { kernel, name: `sgd ${nesterov}`, gradients, states: { value: values, v: velocities }, rates, rule })
}

interface Update {
  readonly kernel: string
  /** What the program is kept under. */
  readonly name: string
  readonly gradients: readonly TensorInfo[]
  /** Changed in place; the first are the variables. */
  readonly states: Readonly<Record<string, readonly TensorInfo[]>>
  readonly rates: Readonly<Record<string, number>>
  /** The update of element `at` of variable i of the dispatch. */
  readonly rule: (i: number) => string
}

function update(gpu: GpuBackend, { kernel, name, gradients, states, rates, rule }: Update): void {
  const names = Object.keys(states)
  const columns = [...Object.values(states), gradients]
  const sizes = checkedSizes(kernel, columns)
  const most = Math.floor(gpu.device.limits.maxStorageBuffersPerShaderStage / columns.length)
  const reals = gpu.rates(Object.values(rates))
  for (let first = 0; first < sizes.length; first += most) {
    const some = sizes.slice(first, first + most)
    const numbers = [...some.keys()]
    const program = gpu.program(`${name} ${some.length}`, (): ProgramSource => ({
      reads: Object.fromEntries(numbers.map((i) => [`gradient${i}`, 'f32'])),
      writes: Object.fromEntries(numbers.flatMap((i) => names.map((state) => [`${state}${i}`, 'f32']))),
      words: numbers.map((i) => `n${i}`),
      reals: Object.keys(rates),
      threads: THREADS,
      body: `
  var block = group;
${numbers.map((i) => inBlock(i, rule(i))).join('')}`,
    }))
    const rows = numbers.map((i) => first + i)
    gpu.run(program, {
      tensors: [...rows.map((row) => gradients[row]), ...rows.flatMap((row) => Object.values(states).map((state) => state[row]))],
      words: some,
      reals,
      groups: some.reduce((sum, n) => sum + Math.ceil(n / BLOCK), 0),
    })
  }
  gpu.releaseRates(reals)
  for (const state of Object.values(states)) for (const tensor of state) gpu.changed(tensor)
}

/** Does `body` for each element `at` of the workgroup's block, if that is one of variable i. */
const inBlock = (i: number, body: string): string => `
  if (block >= 0 && block * ${BLOCK} < u.n${i}) {
    for (var at = block * ${BLOCK} + thread; at < min((block + 1) * ${BLOCK}, u.n${i}); at += ${THREADS}) {
      ${body}
    }
  }
  block -= (u.n${i} + ${BLOCK - 1}) / ${BLOCK};`

/** The squared norm of all gradients: sums of blocks, as many gradients in a dispatch as the device binds buffers, then their sum. */
function gradientNorm(kernel: string, gpu: GpuBackend, { gradients }: Lists<'gradients'>): TensorInfo[] {
  const sizes = checkedSizes(kernel, [gradients])
  const output = gpu.output([1])
  const blocks = sizes.map((n) => Math.ceil(n / SUM_BLOCK))
  const total = blocks.reduce((sum, n) => sum + n, 0)
  const sums = gpu.scratch(total * 4)
  const most = gpu.device.limits.maxStorageBuffersPerShaderStage - 1
  let start = 0
  for (let first = 0; first < sizes.length; first += most) {
    const some = sizes.slice(first, first + most)
    const program = gpu.program(`square sums ${some.length}`, () => ({
      reads: Object.fromEntries(some.map((_, i) => [`gradient${i}`, 'f32'])),
      writes: { sums: 'f32' },
      words: ['start', ...some.map((_, i) => `n${i}`)],
      threads: THREADS,
      declarations: workgroupReduction(THREADS, sum),
      body: `
  var block = group;
  var sum = 0.0;
${some
  .map(
    (_, i) => `
  if (block >= 0 && block * ${SUM_BLOCK} < u.n${i}) {
    for (var at = block * ${SUM_BLOCK} + thread; at < min((block + 1) * ${SUM_BLOCK}, u.n${i}); at += ${THREADS}) {
      sum += gradient${i}[at] * gradient${i}[at];
    }
  }
  block -= (u.n${i} + ${SUM_BLOCK - 1}) / ${SUM_BLOCK};`,
  )
  .join('')}
  sum = reduced(thread, sum);
  if (thread == 0) { sums[u.start + group] = sum; }`,
    }))
    const groups = blocks.slice(first, first + most).reduce((sum, n) => sum + n, 0)
    gpu.run(program, { tensors: [...gradients.slice(first, first + most), sums], words: [start, ...some], groups })
    start += groups
  }
  const finish = gpu.program('add sums', () => ({
    reads: { sums: 'f32' },
    writes: { y: 'f32' },
    words: ['total'],
    threads: THREADS,
    declarations: workgroupReduction(THREADS, sum),
    body: `
  var sum = 0.0;
  for (var i = thread; i < u.total; i += ${THREADS}) { sum += sums[i]; }
  sum = reduced(thread, sum);
  if (thread == 0) { y[0] = sum; }`,
  }))
  gpu.run(finish, { tensors: [sums, output], words: [total], groups: 1 })
  gpu.release(sums)
  return [output]
}
