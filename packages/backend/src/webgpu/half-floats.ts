import { util } from '@tensorflow/tfjs-core'
import type { TensorInfo } from '@tensorflow/tfjs-core'

import type { GpuBackend } from './gpu-backend.js'
import { workgroupReduction } from './workgroup-reduction.js'

/** Parts that a gradient's magnitude is taken of. */
const PARTS = 64
const THREADS = 256

/** Magnitudes of the gradient that was looked at last: both gradients of a convolution begin with the same one. */
const buffers = new WeakMap<GpuBackend, GPUBuffer>()

/**
 * The largest magnitude in each part of a gradient, for `SCALE`. Half floats end at 6e-8, where gradients of a mean over a batch begin; what is scaled by its
 * own size keeps its digits.
 */
export function magnitudesOf(gpu: GpuBackend, { dataId, shape }: TensorInfo): GPUBuffer {
  const magnitudes = buffers.get(gpu) ?? gpu.scratch(PARTS * 4)
  buffers.set(gpu, magnitudes)
  if (gpu.measured === dataId) return magnitudes
  const elements = util.sizeFromShape(shape)
  const width = elements % 4 === 0 ? 4 : 1
  const type = width === 4 ? 'vec4f' : 'f32'
  const program = gpu.program(`magnitudes ${type}`, () => ({
    reads: { x: type },
    writes: { magnitudes: 'f32' },
    words: ['units'],
    threads: THREADS,
    declarations: workgroupReduction(THREADS, (a, b) => `max(${a}, ${b})`),
    body: `
  var most = ${type}(0.0);
  for (var i = item; i < u.units; i += ${PARTS * THREADS}) { most = max(most, abs(x[i])); }
  let largest = reduced(thread, ${width === 4 ? 'max(max(most.x, most.y), max(most.z, most.w))' : 'most'});
  if (thread == 0) { magnitudes[group] = largest; }`,
  }))
  gpu.run(program, { tensors: [{ dataId, shape, dtype: 'float32' }, magnitudes], words: [elements / width], groups: PARTS })
  gpu.measured = dataId
  return magnitudes
}

/** WGSL that sets `scale` and `unscale` from the buffer `magnitudes`: powers of two, which round nothing; the largest number becomes 16,384 to 32,768, half of what half floats take. */
export const SCALE: string = `
  var most = 0.0;
  for (var i = 0; i < ${PARTS}; i++) { most = max(most, magnitudes[i]); }
  let exponent = clamp(bitcast<u32>(most) >> 23, 27u, 227u);
  let scale = bitcast<f32>((268u - exponent) << 23);
  let unscale = bitcast<f32>((exponent - 14u) << 23);`
