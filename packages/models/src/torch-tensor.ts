import { widenBfloat16, widenFloat16 } from './half-precision.js'
import type { NamedArray, TensorData } from './named-array.js'
import { refusedCheckpoint } from './refused-checkpoint.js'

type StoredArray = TensorData
type ArrayOf = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => StoredArray

/** An element type of PyTorch: how it is stored, and what becomes of it where JavaScript has no such array. */
export interface TorchType {
  readonly bytes: number
  readonly stored: ArrayOf
  readonly finish?: (values: StoredArray) => TensorData
}

/** By the name of the storage class: `torch.FloatStorage` … */
export const TORCH_TYPES: ReadonlyMap<string, TorchType> = new Map<string, TorchType>([
  ['torch.DoubleStorage', { bytes: 8, stored: Float64Array }],
  ['torch.FloatStorage', { bytes: 4, stored: Float32Array }],
  ['torch.HalfStorage', { bytes: 2, stored: Uint16Array, finish: (bits) => widenFloat16(bits as Uint16Array) }],
  ['torch.BFloat16Storage', { bytes: 2, stored: Uint16Array, finish: (bits) => widenBfloat16(bits as Uint16Array) }],
  ['torch.LongStorage', { bytes: 8, stored: BigInt64Array }],
  ['torch.IntStorage', { bytes: 4, stored: Int32Array }],
  ['torch.ShortStorage', { bytes: 2, stored: Int16Array }],
  ['torch.CharStorage', { bytes: 1, stored: Int8Array }],
  ['torch.ByteStorage', { bytes: 1, stored: Uint8Array }],
  ['torch.BoolStorage', { bytes: 1, stored: Uint8Array, finish: (bytes) => (bytes as Uint8Array).map((byte) => (byte === 0 ? 0 : 1)) }],
])

/** One allocation of PyTorch, which several tensors may share. */
export class TorchStorage {
  readonly key: string
  readonly type: TorchType
  /** In elements, as the file declares it. */
  readonly size: number
  private values: StoredArray | undefined

  constructor(key: string, type: TorchType, size: number) {
    this.key = key
    this.type = type
    this.size = size
  }

  /** Gives it its bytes. @throws {ModelError} when they are not as many as declared */
  fill(bytes: Uint8Array): void {
    const { bytes: width, stored } = this.type
    if (bytes.length !== this.size * width)
      throw refusedCheckpoint(`storage ${this.key} must have ${this.size} elements of ${width} bytes, ${bytes.length} bytes are there`)
    const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes)
    this.values = new stored(aligned.buffer, aligned.byteOffset, this.size)
  }

  get elements(): StoredArray {
    if (this.values === undefined) throw refusedCheckpoint(`the bytes of storage ${this.key} are missing`)
    return this.values
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const MAX_AXES = 64

/** A view of a storage: a tensor as PyTorch stores it. */
export class TorchTensor {
  readonly shape: readonly number[]
  /** Product of the shape; may be huge where strides are 0. */
  readonly size: number
  private readonly storage: TorchStorage
  private readonly offset: number
  private readonly strides: readonly number[]

  /** @throws {ModelError} for sizes that are none, or elements outside the storage */
  constructor(storage: unknown, offset: unknown, shape: unknown, strides: unknown) {
    if (!(storage instanceof TorchStorage)) throw refusedCheckpoint('a tensor must lie in a storage')
    const [axes, steps] = [shape, strides].map((sizes) =>
      Array.isArray(sizes) && sizes.length <= MAX_AXES && sizes.every(isSize) ? sizes : undefined,
    )
    if (!isSize(offset) || axes === undefined || steps === undefined || axes.length !== steps.length)
      throw refusedCheckpoint(
        `a tensor must have an offset, a shape and as many strides, all integers from 0, got ${show(offset)}, [${show(shape)}] and [${show(strides)}]`,
      )
    this.storage = storage
    this.offset = offset
    this.shape = [...axes]
    this.strides = [...steps]
    this.size = axes.reduce((product, n) => product * n, 1)
    const last = axes.reduce((sum, n, axis) => sum + (n - 1) * steps[axis], offset)
    // An empty tensor may start anywhere: PyTorch's slices of empty ones do.
    if (!axes.includes(0) && last >= storage.size)
      throw refusedCheckpoint(`a tensor must lie in its storage of ${storage.size} elements, its last element is number ${last}`)
  }

  /** Its numbers in row-major order, in an array of their own. */
  toArray(): NamedArray {
    const { elements, type } = this.storage
    const values = this.isContiguous() ? elements.slice(this.offset, this.offset + this.size) : this.gathered(elements)
    return { data: type.finish === undefined ? values : type.finish(values), shape: this.shape }
  }

  private isContiguous(): boolean {
    let step = 1
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) return this.size === 0
      step *= this.shape[axis]
    }
    return true
  }

  private gathered(elements: StoredArray): StoredArray {
    const result = new (elements.constructor as new (length: number) => Float32Array)(this.size)
    const index = this.shape.map(() => 0)
    for (let i = 0, at = this.offset; i < this.size; i++) {
      result[i] = elements[at] as number
      for (let axis = index.length - 1; axis >= 0; axis--) {
        at += this.strides[axis]
        if (++index[axis] < this.shape[axis]) break
        at -= this.shape[axis] * this.strides[axis]
        index[axis] = 0
      }
    }
    return result
  }
}

/** Short, and never deep: what is shown comes from the file. */
function show(value: unknown): string {
  if (Array.isArray(value))
    return value
      .slice(0, 8)
      .map((each) => (typeof each === 'number' ? String(each) : typeof each))
      .join(', ')
  return typeof value === 'number' ? String(value) : typeof value
}
