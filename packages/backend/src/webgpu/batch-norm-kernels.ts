import type { TensorInfo } from '@tensorflow/tfjs-core'

import { requireFloats } from '../kernels/require-floats.js'
import type { GpuBackend } from './gpu-backend.js'
import { NOT_A_NUMBER } from './not-a-number.js'
import type { OwnGpuKernels } from './own-kernels.js'
import type { ProgramSource } from './program.js'

const THREADS = 256

/** Workgroups that share the sums of a tensor: enough for every processor of a large device. */
const GROUPS = 512

/** How workgroups cover pixels of channels: `lanes` channels beside each other, `rows` pixels at a time. */
interface Cover {
  readonly channels: number
  readonly pixels: number
  readonly lanes: number
  readonly rows: number
  readonly blocks: number
  /** Parts of the pixels, each with sums of its own. */
  readonly parts: number
}

function coverOf(x: TensorInfo): Cover {
  const channels = x.shape.at(-1) ?? 1
  const pixels = x.shape.slice(0, -1).reduce((product, size) => product * size, 1)
  let lanes = 64
  while (lanes > 8 && lanes / 2 >= channels) lanes /= 2
  const rows = THREADS / lanes
  const blocks = Math.ceil(channels / lanes)
  return { channels, pixels, lanes, rows, blocks, parts: Math.max(1, Math.min(Math.ceil(GROUPS / blocks), Math.ceil(pixels / rows / 8))) }
}

/** The end of both kernels of sums: those of the threads of a channel are added in a fixed order; what `store` does is for the first row. */
const addRows = (rows: number, lanes: number, store: string): string => `
  sums[thread] = sum;
  for (var half = ${rows / 2}; half > 0; half /= 2) {
    workgroupBarrier();
    if (row < half) { sums[thread] += sums[thread + half * ${lanes}]; }
  }
  if (row == 0 && c < u.channels) {
    let total = sums[thread];
    ${store}
  }`

/** Where a thread of the kernels of sums is. */
const place = (lanes: number): string => `
  let row = thread / ${lanes};
  let c = group * ${lanes} + thread % ${lanes};
  var sum = vec2f(0.0);`

const SUMS = `var<workgroup> sums: array<vec2f, ${THREADS}>;`

/** Sums of two numbers a pixel, by channel, over the pixels of a part. */
function sumsOver(lanes: number, buffers: Pick<ProgramSource, 'reads'>, before: string, term: string): () => ProgramSource {
  const rows = THREADS / lanes
  return () => ({
    ...buffers,
    writes: { partials: 'vec2f' },
    words: ['pixels', 'channels', 'part'],
    threads: THREADS,
    declarations: SUMS,
    body: `${place(lanes)}
  if (c < u.channels) {
    ${before}
    let end = min((layer + 1) * u.part, u.pixels);
    for (var p = layer * u.part + row; p < end; p += ${rows}) {
      let i = p * u.channels + c;
      ${term}
    }
  }
${addRows(rows, lanes, 'partials[layer * u.channels + c] = total;')}`,
  })
}

/** Sums over all parts, by channel, then `store` of `total`. */
function mergeOf(lanes: number, source: Omit<ProgramSource, 'threads' | 'body' | 'declarations'>, store: string): () => ProgramSource {
  const rows = THREADS / lanes
  return () => ({
    ...source,
    threads: THREADS,
    declarations: `${SUMS}\n${NOT_A_NUMBER}`,
    body: `${place(lanes)}
  if (c < u.channels) {
    for (var part = row; part < u.parts; part += ${rows}) { sum += partials[part * u.channels + c]; }
  }
${addRows(rows, lanes, store)}`,
  })
}

/** Channels of the kernels that merge: few, so that many rows share the parts. */
const MERGE_LANES = 16

/** The fused batch norms that `@audiotag/models` calls: statistics, normalisation, residual and ReLU; three dispatches each way. */
export const batchNormKernels: OwnGpuKernels = () => ({
  AudiotagBatchNorm: ({ inputs, attrs, backend }) => {
    const { x, gamma, beta, residual } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo; residual?: TensorInfo }
    const { epsilon, relu } = attrs as unknown as { epsilon: number; relu: boolean }
    requireFloats('AudiotagBatchNorm', x, gamma, beta, residual)
    const gpu = backend as GpuBackend
    const { channels, pixels, lanes, rows, blocks, parts } = coverOf(x)
    const part = Math.ceil(pixels / parts / rows) * rows
    const mean = gpu.output([channels])
    const variance = gpu.output([channels])
    const y = gpu.output(x.shape)
    const partials = gpu.scratch(parts * channels * 8)
    const scale = gpu.scratch(channels * 4)
    // Differences to the first pixel, which is near enough to the mean that no digits are lost.
    const term = 'let d = x[i] - shift; sum += vec2f(d, d * d);'
    const statistics = gpu.program(`norm statistics ${lanes}`, sumsOver(lanes, { reads: { x: 'f32' } }, 'let shift = x[c];', term))
    gpu.run(statistics, { tensors: [x, partials], words: [pixels, channels, part], groups: blocks, layers: parts })
    const merge = gpu.program(
      'norm merge',
      mergeOf(
        MERGE_LANES,
        {
          reads: { x: 'f32', gamma: 'f32', partials: 'vec2f' },
          writes: { mean: 'f32', variance: 'f32', scale: 'f32' },
          words: ['pixels', 'channels', 'parts'],
          reals: ['epsilon'],
        },
        `
    let shifted = total.x / f32(u.pixels);
    let spread = max(total.y / f32(u.pixels) - shifted * shifted, 0.0);
    mean[c] = x[c] + shifted;
    variance[c] = select(spread, total.y, isNan(total.y));
    scale[c] = gamma[c] / sqrt(variance[c] + r.epsilon);`,
      ),
    )
    gpu.run(merge, {
      tensors: [x, gamma, partials, mean, variance, scale],
      words: [pixels, channels, parts],
      reals: [epsilon],
      groups: Math.ceil(channels / MERGE_LANES),
    })
    apply(gpu, { x, mean, scale, shift: beta, residual, relu, y })
    gpu.release(partials)
    gpu.release(scale)
    return [y, mean, variance]
  },

  AudiotagBatchNormGrad: ({ inputs, attrs, backend }) => {
    const { dy, x, y, gamma, mean, variance } = inputs as Record<'dy' | 'x' | 'y' | 'gamma' | 'mean' | 'variance', TensorInfo>
    const { epsilon, relu, residual } = attrs as unknown as { epsilon: number; relu: boolean; residual: boolean }
    requireFloats('AudiotagBatchNormGrad', dy, x, y, gamma, mean, variance)
    const gpu = backend as GpuBackend
    const { channels, pixels, lanes, rows, blocks, parts } = coverOf(x)
    const part = Math.ceil(pixels / parts / rows) * rows
    const dx = gpu.output(x.shape)
    const dgamma = gpu.output([channels])
    const dbeta = gpu.output([channels])
    const dresidual = residual ? gpu.output(x.shape) : undefined
    const partials = gpu.scratch(parts * channels * 8)
    const factors = gpu.scratch(channels * 16)
    const reads = { dy: 'f32', x: 'f32', ...(relu && { y: 'f32' }), mean: 'f32' }
    const masked = relu ? 'select(0.0, dy[i], y[i] > 0.0)' : 'dy[i]'
    const sums = gpu.program(
      `norm gradient sums ${lanes} ${relu}`,
      sumsOver(lanes, { reads }, 'let centre = mean[c];', `let d = ${masked}; sum += vec2f(d, d * (x[i] - centre));`),
    )
    gpu.run(sums, {
      tensors: [dy, x, ...(relu ? [y] : []), mean, partials],
      words: [pixels, channels, part],
      groups: blocks,
      layers: parts,
    })
    const merge = gpu.program(
      'norm gradient merge',
      mergeOf(
        MERGE_LANES,
        {
          reads: { mean: 'f32', variance: 'f32', gamma: 'f32', partials: 'vec2f' },
          writes: { dgamma: 'f32', dbeta: 'f32', factors: 'vec4f' },
          words: ['pixels', 'channels', 'parts'],
          reals: ['epsilon'],
        },
        `
    let inverse = 1.0 / sqrt(variance[c] + r.epsilon);
    dbeta[c] = total.x;
    dgamma[c] = total.y * inverse;
    let pixels = f32(u.pixels);
    factors[c] = vec4f(mean[c], gamma[c] * inverse, total.x / pixels, total.y * inverse * inverse / pixels);`,
      ),
    )
    gpu.run(merge, {
      tensors: [mean, variance, gamma, partials, dgamma, dbeta, factors],
      words: [pixels, channels, parts],
      reals: [epsilon],
      groups: Math.ceil(channels / MERGE_LANES),
    })
    const elements = pixels * channels
    const wide = channels % 4 === 0
    const type = wide ? 'vec4f' : 'f32'
    const pick = (i: number): string =>
      wide ? `vec4f(${[0, 1, 2, 3].map((lane) => `factors[c + ${lane}][${i}]`).join(', ')})` : `factors[c][${i}]`
    const gradient = gpu.program(`norm gradient ${type} ${relu} ${residual}`, () => ({
      reads: { dy: type, x: type, ...(relu && { y: type }), factors: 'vec4f' },
      writes: { dx: type, ...(residual && { dresidual: type }) },
      words: ['elements', 'channels'],
      threads: THREADS,
      body: `
  if (item >= u.elements) { return; }
  let i = item;
  let c = ${wide ? '(i * 4) % u.channels' : 'i % u.channels'};
  let d = ${wide && relu ? 'select(vec4f(0.0), dy[i], y[i] > vec4f(0.0))' : masked};
  ${residual ? 'dresidual[i] = d;' : ''}
  dx[i] = ${pick(1)} * (d - ${pick(2)} - (x[i] - ${pick(0)}) * ${pick(3)});`,
    }))
    const units = wide ? elements / 4 : elements
    gpu.run(gradient, {
      tensors: [dy, x, ...(relu ? [y] : []), factors, dx, ...(dresidual ? [dresidual] : [])],
      words: [units, channels],
      groups: Math.ceil(units / THREADS),
    })
    gpu.release(partials)
    gpu.release(factors)
    return dresidual ? [dx, dgamma, dbeta, dresidual] : [dx, dgamma, dbeta]
  },

  AudiotagAffine: ({ inputs, attrs, backend }) => {
    const { x, scale, shift, residual } = inputs as { x: TensorInfo; scale: TensorInfo; shift: TensorInfo; residual?: TensorInfo }
    const { relu } = attrs as unknown as { relu: boolean }
    requireFloats('AudiotagAffine', x, scale, shift, residual)
    const gpu = backend as GpuBackend
    const y = gpu.output(x.shape)
    apply(gpu, { x, scale, shift, residual, relu, y })
    return [y]
  },
})

interface Affine {
  readonly x: TensorInfo
  readonly mean?: TensorInfo
  readonly scale: TensorInfo | GPUBuffer
  readonly shift: TensorInfo
  readonly residual: TensorInfo | undefined
  readonly relu: boolean
  readonly y: TensorInfo
}

/** y = relu?((x - mean?) * scale + shift + residual?), channel by channel. */
function apply(gpu: GpuBackend, { x, mean, scale, shift, residual, relu, y }: Affine): void {
  const channels = x.shape.at(-1) ?? 1
  const elements = x.shape.reduce((product, size) => product * size, 1)
  const wide = channels % 4 === 0
  const type = wide ? 'vec4f' : 'f32'
  const program = gpu.program(`affine ${type} ${mean !== undefined} ${residual !== undefined} ${relu}`, () => ({
    reads: { x: type, ...(mean && { mean: type }), scale: type, shift: type, ...(residual && { residual: type }) },
    writes: { y: type },
    words: ['elements', 'channels'],
    threads: THREADS,
    declarations: NOT_A_NUMBER,
    body: `
  if (item >= u.elements) { return; }
  let c = item % u.channels;
  let value = ${mean ? '(x[item] - mean[c])' : 'x[item]'} * scale[c] + shift[c]${residual ? ' + residual[item]' : ''};
  y[item] = ${relu ? `${wide ? 'rectified4' : 'rectified'}(value)` : 'value'};`,
  }))
  const width = wide ? 4 : 1
  gpu.run(program, {
    tensors: [x, ...(mean ? [mean] : []), scale, shift, ...(residual ? [residual] : []), y],
    words: [elements / width, channels / width],
    groups: Math.ceil(elements / width / THREADS),
  })
}
