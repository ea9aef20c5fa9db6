/** Plain numbers with a shape, row-major: what checkpoints are made of and what a batch may be before it is a tensor. */
export interface NamedArray {
  readonly data: Float32Array | Int32Array
  readonly shape: readonly number[]
}
