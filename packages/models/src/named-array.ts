/** The typed arrays a weights file can hold. Half-precision values are widened to `Float32Array`, booleans are a `Uint8Array` of 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

/** Numbers with a shape, in row-major order. No axes: one number. */
export interface NamedArray {
  readonly data: TensorData
  readonly shape: readonly number[]
}
