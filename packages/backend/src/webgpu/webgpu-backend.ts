import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core'

import type { BufferPool } from './buffer-pool.js'

/** What TensorFlow.js's backend knows of a tensor. */
export interface TensorData {
  readonly dtype: DataType
  readonly shape: number[]
  /** Numbers that the host has: not uploaded yet, or few enough to be kept. */
  values: ArrayLike<number> | ArrayLike<Uint8Array> | null
  resource?: GPUBuffer | null
  refCount: number
}

/** One of TensorFlow.js's own programs, ready to run. */
export interface StockProgram {
  readonly pipeline: GPUComputePipeline
  readonly shaderKey: string
  readonly dispatch: [number, number, number]
  readonly pixelsOpType?: unknown
  readonly size?: boolean
  readonly outputComponent?: number
  readonly outputShape: number[]
}

/** Numbers of a uniform of a stock program. */
export interface StockUniform {
  readonly type: string
  readonly data: number[]
}

/** TensorFlow.js's WebGPU backend with what this package uses of its inside, which the published types hide. */
export interface StockBackend extends KernelBackend {
  readonly device: GPUDevice
  readonly queue: GPUQueue
  readonly tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean; delete(dataId: object): boolean }
  bufferManager: BufferPool
  readonly commandQueueOwnedIds: WeakSet<object>
  readonly uniformPendingDisposal: GPUBuffer[]
  readonly activeTimers?: unknown
  commandEncoder: GPUCommandEncoder | null
  computePassEncoder: GPUComputePassEncoder | null
  dispatchCountInPass: number
  ensureCommandEncoderReady(): void
  endComputePassEncoder(): void
  submitQueue(): void
  makeTensorInfo(shape: number[], dtype: DataType, values?: unknown): TensorInfo
  tensorToBinding(tensor: TensorInfo): GPUBindingResource
  uploadToGPU(dataId: object): void
  makeUniforms(uniforms: readonly StockUniform[]): GPUBufferBinding
  recordAndSubmit(program: StockProgram, output: TensorInfo, inputs: TensorInfo[], uniforms?: StockUniform[] | null): void
  convertAndCacheOnCPU(dataId: object, values: unknown): unknown
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>
}

export type StockBackendClass = new (device: GPUDevice, info: GPUAdapterInfo) => StockBackend
