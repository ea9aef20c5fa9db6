import FFT from 'fft.js'

import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

import { joinComplex, splitComplex } from './complex-tensors.js'
import type { OwnKernels } from './own-kernels.js'
import type { WasmBackend } from './wasm-backend.js'

/** Fourier transforms along the last axis (stock: none), computed in double precision. */
export const fourierKernels: OwnKernels = () => ({ FFT: transform(false), IFFT: transform(true) })

function transform(inverse: boolean): KernelFunc {
  return ({ inputs, backend }) => {
    const own = backend as WasmBackend
    const { real, imag } = splitComplex(inputs['input'] as TensorInfo)
    const [yReal, yImag] = [own.makeOutput(real.shape, 'float32'), own.makeOutput(real.shape, 'float32')]
    const [a, b, toA, toB] = [real, imag, yReal, yImag].map((tensor) => own.typedArrayFromHeap(tensor))
    const size = real.shape.at(-1) ?? 1
    const plan = planTransform(size)
    const values = new Float64Array(2 * size)
    const sign = inverse ? -1 : 1
    const scale = inverse ? 1 / size : 1
    for (let start = 0; start < a.length; start += size) {
      // The inverse is the transform of the conjugate, conjugated.
      for (let i = 0; i < size; i++) {
        values[2 * i] = a[start + i]
        values[2 * i + 1] = sign * b[start + i]
      }
      const result = plan(values)
      for (let i = 0; i < size; i++) {
        toA[start + i] = scale * result[2 * i]
        toB[start + i] = scale * sign * result[2 * i + 1]
      }
    }
    return joinComplex(own, yReal, yImag)
  }
}

/** Transforms `size` complex numbers, real and imaginary parts alternating. */
type Plan = (values: Float64Array) => ArrayLike<number>

function planTransform(size: number): Plan {
  if (size <= 1) return (values) => values
  return Number.isInteger(Math.log2(size)) ? planPowerOfTwo(size) : planBluestein(size)
}

function planPowerOfTwo(size: number): (values: Float64Array | number[]) => number[] {
  const fft = new FFT(size)
  return (values) => {
    const result = fft.createComplexArray() as number[]
    fft.transform(result, values)
    return result
  }
}

/** Any size, as a convolution with a chirp (L. Bluestein, 1970). */
function planBluestein(size: number): Plan {
  const length = 2 ** Math.ceil(Math.log2(2 * size - 1))
  const transformed = planPowerOfTwo(length)
  const chirp = new Float64Array(2 * size)
  const response = new Float64Array(2 * length)
  for (let i = 0; i < size; i++) {
    // i² modulo 2 size, so that the angle stays small and exact.
    const angle = (Math.PI * Number((BigInt(i) * BigInt(i)) % BigInt(2 * size))) / size
    chirp[2 * i] = Math.cos(angle)
    chirp[2 * i + 1] = -Math.sin(angle)
    for (const place of i === 0 ? [0] : [i, length - i]) {
      response[2 * place] = chirp[2 * i]
      response[2 * place + 1] = -chirp[2 * i + 1]
    }
  }
  const filter = transformed(response)
  return (values) => {
    const padded = new Float64Array(2 * length)
    multiply(values, chirp, padded, size)
    const spectrum = transformed(padded)
    multiply(spectrum, filter, spectrum, length)
    // Inverse transform: conjugate, transform, conjugate, divide.
    for (let i = 0; i < length; i++) spectrum[2 * i + 1] = -spectrum[2 * i + 1]
    const convolved = transformed(spectrum)
    for (let i = 0; i < size; i++) {
      convolved[2 * i] /= length
      convolved[2 * i + 1] /= -length
    }
    multiply(convolved, chirp, convolved, size)
    return convolved
  }
}

/** Multiplies complex numbers element by element. */
function multiply(a: ArrayLike<number>, b: ArrayLike<number>, to: Float64Array | number[], count: number): void {
  for (let i = 0; i < count; i++) {
    const [real, imag] = [a[2 * i], a[2 * i + 1]]
    to[2 * i] = real * b[2 * i] - imag * b[2 * i + 1]
    to[2 * i + 1] = real * b[2 * i + 1] + imag * b[2 * i]
  }
}
