/** The element types of npy files read and written here, little-endian: NumPy's `<f4`, `<f8`, `<i2`, `<i4`, `|u1`. */
export type NpyData = Float32Array | Float64Array | Int16Array | Int32Array | Uint8Array

/** An array as NumPy stores it: row-major (C order), the last axis fastest. */
export interface NpyArray<Data extends NpyData = NpyData> {
  readonly data: Data
  /** Sizes of the axes; `[]` for a single number. Their product is `data.length`. */
  readonly shape: readonly number[]
}
