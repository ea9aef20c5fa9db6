import type { CastAttrs, KernelFunc, NamedTensorInfoMap, PadV2Attrs, TensorInfo } from '@tensorflow/tfjs-core'

import { copyFloats, joinComplex, splitComplex } from './complex-tensors.js'
import { compose } from './compose.js'
import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/** Kernels that treat real and imaginary part alike and apart. */
const BY_PARTS = 'Add Sub Neg Sum ZerosLike Concat GatherV2 Pack Reverse Slice SplitV StridedSlice Tile Transpose Unpack'.split(' ')

/** Complex numbers (stock: none). */
export const complexKernels: OwnKernels = (_heapOf, before) => ({
  ...Object.fromEntries(BY_PARTS.map((name) => [name, byParts(name, before)])),
  Complex: ({ inputs, backend }) => {
    const { real, imag } = inputs as { real: TensorInfo; imag: TensorInfo }
    const own = backend as WasmBackend
    return joinComplex(own, copyFloats(own, real), copyFloats(own, imag))
  },
  Real: ({ inputs, backend }) => copyFloats(backend as WasmBackend, splitComplex(inputs['input'] as TensorInfo).real),
  Imag: ({ inputs, backend }) => copyFloats(backend as WasmBackend, splitComplex(inputs['input'] as TensorInfo).imag),
  ComplexAbs: ({ inputs, backend }) => {
    const own = backend as WasmBackend
    const { real, imag } = splitComplex(inputs['x'] as TensorInfo)
    const y = own.makeOutput(real.shape, 'float32')
    const [a, b, to] = [real, imag, y].map((tensor) => own.typedArrayFromHeap(tensor))
    for (let i = 0; i < to.length; i++) to[i] = Math.hypot(a[i], b[i])
    return y
  },
  Multiply: (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo }
    if (a.dtype !== 'complex64' || b.dtype !== 'complex64') return before('Multiply')(args)
    const [left, right] = [splitComplex(a), splitComplex(b)]
    const combine = (kernel: 'Sub' | 'Add', first: TensorInfo, second: TensorInfo): TensorInfo =>
      compose(args.backend, (run) =>
        run(kernel, { a: run('Multiply', { a: left.real, b: first }), b: run('Multiply', { a: left.imag, b: second }) }),
      )
    return joinComplex(args.backend as WasmBackend, combine('Sub', right.real, right.imag), combine('Add', right.imag, right.real))
  },
  OnesLike: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    if (x.dtype !== 'complex64') return before('OnesLike')(args)
    const { real } = splitComplex(x)
    const like = (kernel: string): TensorInfo => compose(args.backend, (run) => run(kernel, { x: real }))
    return joinComplex(args.backend as WasmBackend, like('OnesLike'), like('ZerosLike'))
  },
  PadV2: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    if (x.dtype !== 'complex64') return before('PadV2')(args)
    const { paddings, constantValue } = args.attrs as unknown as PadV2Attrs
    const { real, imag } = splitComplex(x)
    const pad = (part: TensorInfo, value: number): TensorInfo =>
      compose(args.backend, (run) => run('PadV2', { x: part }, { paddings, constantValue: value }))
    return joinComplex(args.backend as WasmBackend, pad(real, constantValue), pad(imag, 0))
  },
  Cast: (args) => {
    const { x } = args.inputs as { x: TensorInfo }
    const { dtype } = args.attrs as unknown as CastAttrs
    if (x.dtype === 'complex64') {
      if (dtype === 'complex64') return compose(args.backend, () => x)
      return compose(args.backend, (run) => run('Cast', { x: run('Real', { input: x }) }, { dtype }))
    }
    if (dtype !== 'complex64') return before('Cast')(args)
    const own = args.backend as WasmBackend
    const real = compose(own, (run) => run('Cast', { x }, { dtype: 'float32' }))
    const owned = copyFloats(own, real)
    own.disposeData(real.dataId)
    return joinComplex(
      own,
      owned,
      compose(own, (run) => run('ZerosLike', { x: owned })),
    )
  },
})

function byParts(name: string, before: (name: string) => KernelFunc): KernelFunc {
  return (args) => {
    const tensors = Object.values(args.inputs) as TensorInfo[]
    if (!tensors.some((tensor) => tensor.dtype === 'complex64')) return before(name)(args)
    const backend = args.backend as WasmBackend
    const [real, imag] = (['real', 'imag'] as const).map((part) => {
      const take = (tensor: TensorInfo): TensorInfo => (tensor.dtype === 'complex64' ? splitComplex(tensor)[part] : tensor)
      const inputs = Array.isArray(args.inputs)
        ? (args.inputs.map(take) as unknown as NamedTensorInfoMap)
        : Object.fromEntries(Object.entries(args.inputs as Record<string, TensorInfo>).map(([key, tensor]) => [key, take(tensor)]))
      return before(name)({ ...args, inputs })
    })
    if (Array.isArray(real) && Array.isArray(imag)) return real.map((part, i) => joinComplex(backend, part, imag[i]))
    return joinComplex(backend, real as TensorInfo, imag as TensorInfo)
  }
}
