import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { requireSameShape } from '../kernels/require-same-shape.js'
import type { GpuBackend } from './gpu-backend.js'
import { NOT_A_NUMBER } from './not-a-number.js'
import type { OwnGpuKernels } from './own-kernels.js'
import { sum, workgroupReduction } from './workgroup-reduction.js'

const THREADS = 256

const RULES = ['bce', 'boundedBce', 'mse', 'kl', 'klReference'] as const

/** What a head ends with: ReLU and dropout in one kernel each way, and each loss with its gradient in one. */
export const headKernels: OwnGpuKernels = () => ({
  AudiotagDropout: ({ inputs, backend }) => {
    const { x, mask } = inputs as Record<'x' | 'mask', TensorInfo>
    const elements = requireSameShape('AudiotagDropout', x, mask)
    const gpu = backend as GpuBackend
    const y = gpu.output(x.shape)
    const program = gpu.program('dropout', () => ({
      reads: { x: 'f32', mask: 'f32' },
      writes: { y: 'f32' },
      words: ['elements'],
      threads: THREADS,
      declarations: NOT_A_NUMBER,
      body: 'if (item < u.elements) { y[item] = rectified(x[item]) * mask[item]; }',
    }))
    gpu.run(program, { tensors: [x, mask, y], words: [elements], groups: Math.ceil(elements / THREADS) })
    return y
  },
  AudiotagDropoutGrad: ({ inputs, backend }) => {
    const { dy, mask, y } = inputs as Record<'dy' | 'mask' | 'y', TensorInfo>
    const elements = requireSameShape('AudiotagDropoutGrad', dy, mask, y)
    const gpu = backend as GpuBackend
    const dx = gpu.output(dy.shape)
    const program = gpu.program('dropout gradient', () => ({
      reads: { dy: 'f32', mask: 'f32', y: 'f32' },
      writes: { dx: 'f32' },
      words: ['elements'],
      threads: THREADS,
      body: 'if (item < u.elements) { dx[item] = select(0.0, dy[item] * mask[item], y[item] > 0.0); }',
    }))
    gpu.run(program, { tensors: [dy, mask, y, dx], words: [elements], groups: Math.ceil(elements / THREADS) })
    return dx
  },
  AudiotagLoss: ({ inputs, attrs, backend }) => {
    const { logits, targets } = inputs as Record<'logits' | 'targets', TensorInfo>
    const { rule, weight } = attrs as unknown as { rule: (typeof RULES)[number]; weight: number }
    requireSameShape('AudiotagLoss', logits, targets)
    if (!RULES.includes(rule)) throw new BackendError('shape', `AudiotagLoss: rule must be one of ${RULES.join(', ')}, got ${rule}.`)
    if (logits.shape.length !== 2 || util.sizeFromShape(logits.shape) === 0) {
      throw new BackendError('shape', `AudiotagLoss: logits must be [batch, classes], none of them 0, got [${logits.shape.join(', ')}].`)
    }
    const gpu = backend as GpuBackend
    const value = gpu.output([])
    const gradient = gpu.output(logits.shape)
    const [rows, classes] = logits.shape
    const scale = weight / (rule === 'kl' ? rows : rows * classes)
    const program = gpu.program(`loss ${rule}`, () => ({
      reads: { z: 'f32', y: 'f32' },
      writes: { gradient: 'f32', value: 'f32' },
      words: ['rows', 'classes'],
      reals: ['scale'],
      threads: THREADS,
      declarations: `${workgroupReduction(THREADS, sum)}\n${NOT_A_NUMBER}\n${FUNCTIONS}`,
      // One workgroup: a batch has a few thousand numbers at most.
      body: `
  var sum = 0.0;
${rule === 'kl' || rule === 'klReference' ? softmaxLoss(rule) : sigmoidLoss(rule)}
  sum = reduced(thread, sum);
  if (thread == 0) { value[0] = sum * r.scale; }`,
    }))
    gpu.run(program, { tensors: [logits, targets, gradient, value], words: [rows, classes], reals: [scale], groups: 1 })
    return [value, gradient]
  },
})

/** `orNan`: a value, or x where that is NaN; `log1p`: log(1 + e) for e in 0 … 1, which WGSL's logarithm alone would lose for small e. */
const FUNCTIONS = `
fn orNan(x: f32, value: f32) -> f32 { return select(value, x, isNan(x)); }
fn log1p(e: f32) -> f32 {
  let series = e * (1.0 - e * (0.5 - e * (1.0 / 3.0 - e * (0.25 - e * (0.2 - e / 6.0)))));
  return select(log(1.0 + e), series, e < 0.06);
}`

/** A thread for each element. `p` is the sigmoid and `q` = 1 - p, neither by a difference. */
function sigmoidLoss(rule: 'bce' | 'boundedBce' | 'mse'): string {
  const terms = {
    mse: `
    let d = p - wanted;
    sum += d * d;
    gradient[i] = 2.0 * d * p * q * r.scale;`,
    bce: `
    sum += rectified(x) - x * wanted + log1p(e);
    gradient[i] = (p - wanted) * r.scale;`,
    // The bounded loss takes the probability for the logit.
    boundedBce: `
    let g = exp(-p);
    sum += p - p * wanted + log1p(g);
    gradient[i] = (1.0 / (1.0 + g) - wanted) * p * q * r.scale;`,
  }
  return `
  for (var i = thread; i < u.rows * u.classes; i += ${THREADS}) {
    let x = z[i];
    let wanted = y[i];
    let e = exp(-abs(x));
    let p = orNan(x, select(e, 1.0, x >= 0.0) / (1.0 + e));
    let q = select(1.0, e, x >= 0.0) / (1.0 + e);
${terms[rule]}
  }`
}

/** A thread for each row. */
function softmaxLoss(rule: 'kl' | 'klReference'): string {
  return `
  for (var row = thread; row < u.rows; row += ${THREADS}) {
    let start = row * u.classes;
    let end = start + u.classes;
    var largest = z[start];
    var labels = 0.0;
    for (var i = start; i < end; i++) {
      largest = max(largest, z[i]);
      labels += y[i];
    }
    var total = 0.0;
    for (var i = start; i < end; i++) { total += exp(z[i] - largest); }
    let logTotal = log(total);
    var broken = 0.0;
    for (var i = start; i < end; i++) { broken = orNan(z[i], broken); }
    // Without labels 0 / 0: the loss is NaN, which the training step refuses.
    let factor = ${rule === 'kl' ? '1.0 / labels' : '1.0'};
    let mass = ${rule === 'kl' ? 'labels * factor' : 'labels'};
    for (var i = start; i < end; i++) {
      let logP = orNan(broken, z[i] - largest - logTotal);
      let t = y[i] * factor;
      sum += select(t * log(max(t, 1e-37)), 0.0, t == 0.0) - t * logP;
      gradient[i] = orNan(broken, (exp(logP) * mass - t) * r.scale);
    }
  }`
}
