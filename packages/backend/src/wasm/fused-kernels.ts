import { getKernel } from '@tensorflow/tfjs-core'
import type { _FusedMatMulAttrs, FusedConv2DAttrs, KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'

import { BackendError } from '../errors.js'
import { lanesOf, normalise } from './batch-norm-kernels.js'
import type { Heap } from './heap.js'
import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/** Kernels that activations other than none and ReLU are. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
}

/** What is done to the product: bias, then activation. */
interface Finish {
  readonly bias: TensorInfo | undefined
  readonly activation: string
  readonly alpha: number
  readonly prelu: TensorInfo | undefined
}

/**
 * Convolution and matrix product with bias and activation. The product is the plain kernel's, so that a fused layer has the bits of an unfused one.
 * The stock ones give wrong numbers for a transposed first operand, and take no bias but a vector.
 */
export const fusedKernels: OwnKernels = (heapOf) => ({
  FusedConv2D: ({ inputs, attrs, backend }) => {
    const { x, filter, bias, preluActivationWeights } = inputs as unknown as Record<'x' | 'filter', TensorInfo> & Extras
    const { strides, pad, dilations, dimRoundingMode, dataFormat, activation, leakyreluAlpha } = attrs as unknown as FusedConv2DAttrs
    const product = run('Conv2D', backend, { x, filter }, { strides, pad, dilations, dimRoundingMode, dataFormat })
    const end = { bias, activation, alpha: leakyreluAlpha ?? 0, prelu: preluActivationWeights }
    return finish(heapOf(backend), backend as WasmBackend, product, end)
  },
  _FusedMatMul: ({ inputs, attrs, backend }) => {
    const { a, b, bias, preluActivationWeights } = inputs as unknown as Record<'a' | 'b', TensorInfo> & Extras
    const { transposeA, transposeB, activation, leakyreluAlpha } = attrs as unknown as _FusedMatMulAttrs
    const product = run('BatchMatMul', backend, { a, b }, { transposeA, transposeB })
    const end = { bias, activation, alpha: leakyreluAlpha ?? 0, prelu: preluActivationWeights }
    return finish(heapOf(backend), backend as WasmBackend, product, end)
  },
})

interface Extras {
  readonly bias?: TensorInfo
  readonly preluActivationWeights?: TensorInfo
}

/** Runs the kernel that is registered under a name. */
function run(name: string, backend: unknown, inputs: NamedTensorInfoMap, attrs: object): TensorInfo {
  const kernelFunc: KernelFunc | undefined = getKernel(name, 'wasm')?.kernelFunc
  if (!kernelFunc) throw new BackendError('option', `wasm: kernel ${name} is not registered.`)
  return kernelFunc({ inputs, backend: backend as object, attrs: attrs as never }) as TensorInfo
}

/** Adds the bias and applies the activation; takes over `y`. */
function finish(heap: Heap, backend: WasmBackend, y: TensorInfo, { bias, activation, alpha, prelu }: Finish): TensorInfo {
  const channels = y.shape.at(-1) ?? 1
  const vector = bias === undefined || (bias.dtype === 'float32' && bias.shape.length === 1 && bias.shape[0] === channels)
  const relu = activation === 'relu'
  if (vector && (bias !== undefined || relu)) addVector(heap, y, bias, relu)
  let result = y
  const replace = (next: TensorInfo): void => {
    backend.disposeData(result.dataId)
    result = next
  }
  if (bias !== undefined && !vector) replace(run('Add', backend, { a: result, b: bias }, {}))
  if (relu && !vector) replace(run('Relu', backend, { x: result }, {}))
  const kernel = ACTIVATIONS[activation]
  if (kernel === 'Prelu') replace(run(kernel, backend, { x: result, alpha: prelu }, {}))
  else if (kernel !== undefined) replace(run(kernel, backend, { x: result }, { alpha }))
  else if (activation !== 'linear' && !relu) throw new BackendError('option', `wasm: the activation ${activation} is not known.`)
  return result
}

/** y = relu?(y + bias), in place. */
function addVector(heap: Heap, y: TensorInfo, bias: TensorInfo | undefined, relu: boolean): void {
  const size = lanesOf(y)
  const table = heap.scratch(size.lanes * 12)
  const values = heap.floats(table, size.lanes * 3)
  values.fill(0)
  values.fill(1, size.lanes, 2 * size.lanes)
  if (bias) heap.runAlone('repeatLanes', [heap.address(bias), size.channels, size.lanes, table + size.lanes * 8])
  normalise(heap, heap.address(y), heap.address(y), undefined, relu, size, table)
}
