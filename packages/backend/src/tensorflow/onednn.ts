import { attribute, DT } from './binding.js'
import type { Attribute } from './binding.js'
import { compose, FLOAT } from './compose.js'
import type { NodeBackend } from './node-backend.js'

/**
 * Makes an operation oneDNN's own: what TensorFlow sets where it rewrites `Conv2D` and its like. It rewrites neither batch norms nor fused convolutions nor the
 * gradient of max pooling when they are called one by one, and those take up to six times as long.
 */
export const ONEDNN: Attribute = attribute.text('_kernel', 'MklNameChangeOp')

const known = new WeakMap<NodeBackend, boolean>()

/** Whether this TensorFlow has oneDNN's batch norms, max poolings and fused convolutions for float32: tried, once. Not those of GPUs, and not where TF_ENABLE_ONEDNN_OPTS is 0. */
export function hasOneDnn(backend: NodeBackend): boolean {
  let has = known.get(backend)
  if (has === undefined) {
    has = !backend.binding.isUsingGpuDevice() && process.env['TF_ENABLE_ONEDNN_OPTS'] !== '0' && runs(backend)
    known.set(backend, has)
  }
  return has
}

function runs(backend: NodeBackend): boolean {
  const norm = [FLOAT, attribute.type('U', DT.float), attribute.bool('is_training', true), ONEDNN]
  const image = [attribute.int('strides', [1, 1, 1, 1]), attribute.text('padding', 'VALID'), attribute.text('data_format', 'NHWC')]
  const pool = [FLOAT, attribute.int('ksize', [1, 2, 1, 1]), ...image, attribute.bool('workspace_enabled', true), ONEDNN]
  try {
    compose(backend, ({ run, runAll, floats }) => {
      const x = floats([1, 2], [1, 2, 1, 1])
      const [one, none] = [floats([1], [1]), floats([], [0])]
      const [, , , mean, variance] = runAll('_MklNativeFusedBatchNormV3', norm, [x, one, one, none, none], 6)
      runAll('_MklNativeFusedBatchNormGradV3', norm, [x, x, one, mean, variance, none], 5)
      const [y, workspace] = runAll('_MklNativeMaxPool', pool, [x], 2)
      run('_MklNativeMaxPoolGrad', pool, [x, y, y, workspace])
      if (backend.binding.audiotagListAttributes === 1) {
        const fused = [attribute.int('num_args', 1), attribute.type('TArgs', [DT.float]), attribute.text('fused_ops', ['BiasAdd'])]
        run('_MklNativeFusedConv2D', [FLOAT, ...image, ...fused, ONEDNN], [x, floats([1], [1, 1, 1, 1]), one])
      }
      return []
    })
    return true
  } catch {
    // An older TensorFlow, another processor.
    return false
  }
}
