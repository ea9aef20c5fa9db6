import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'

import type { Binding } from './binding.js'

/** Where the numbers of a tensor are. */
export interface TensorData {
  readonly shape: number[]
  readonly dtype: number
  /** Handle of the tensor in TensorFlow; -1 while the numbers are `values` alone. */
  id: number
  /** Numbers that TensorFlow has not been given yet. */
  values: unknown
  refCount: number
}

/** The backend of @tensorflow/tfjs-node 4.22 with what this package uses of it, which the published types leave out. */
export type NodeBackend = KernelBackend & {
  binding: Binding
  readonly tensorMap: {
    get(dataId: object): TensorData
    has(dataId: object): boolean
    set(dataId: object, data: TensorData): void
  }
  getInputTensorIds(tensors: readonly TensorInfo[]): number[]
}

/** TensorFlow.js's names of TensorFlow's types. */
export const DTYPES: Readonly<Record<number, DataType>> = { 1: 'float32', 3: 'int32', 7: 'string', 8: 'complex64', 10: 'bool' }
