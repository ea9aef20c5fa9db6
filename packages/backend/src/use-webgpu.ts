import { env, findBackendFactory, getBackend, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core'

import { BackendError } from './errors.js'
import { requirePrecision } from './precision.js'
import type { Precision } from './precision.js'
import { DeviceFaults } from './webgpu/device-faults.js'
import { findGpu } from './webgpu/find-gpu.js'
import { gpuBackendClass } from './webgpu/gpu-backend.js'
import type { GpuBackend } from './webgpu/gpu-backend.js'
import { findAdapter, isSoftware, openDevice } from './webgpu/open-device.js'
import type { OpenedDevice } from './webgpu/open-device.js'
import { registerOwnGpuKernels } from './webgpu/own-kernels.js'
import { tryMatrices } from './webgpu/try-matrices.js'
import type { StockBackendClass } from './webgpu/webgpu-backend.js'

/** Options of `useWebGpu`. */
export interface WebGpuOptions {
  /**
   * WebGPU to take the adapter from, e.g. what `create` of npm's webgpu returns for other switches of Dawn; its classes must be globals.
   * Default: the browser's, in Node that of npm's webgpu.
   */
  readonly gpu?: GPU
  /** Of convolutions and their gradients, from this call on: `'float32'` or `'float16'`. Default: what it was; `'float32'` at first. */
  readonly precision?: Precision
}

/** What `useWebGpu` started. */
export interface WebGpuStarted {
  /** The adapter in words, e.g. of its driver. */
  readonly adapter: string
  /** Whether the adapter is a program that runs on the processor: right, and slower than wasm. */
  readonly software: boolean
  /** Whether the device has half floats in shaders. */
  readonly halfFloats: boolean
  /** Of convolutions. */
  readonly precision: Precision
}

interface Running {
  readonly started: Omit<WebGpuStarted, 'precision'>
  readonly backend: GpuBackend
  readonly faults: DeviceFaults
  readonly info: GPUAdapterInfo
  /** Once half floats were asked for. */
  tried?: Promise<void>
}

let running: Promise<Running> | undefined

/** Dawn ends when this object is collected, whatever devices it has opened. */
let kept: GPU | undefined

/**
 * Makes TensorFlow.js run on WebGPU with a device and kernels of this package: convolution and its gradients, fused batch norm, pooling and optimisers.
 * Any TensorFlow.js model trains afterwards. In Node it takes npm's webgpu (Dawn). Later calls return what the first one started, and make
 * webgpu the current backend again.
 *
 * Limits are those of the adapter. An error of the device makes every later call and every `data()` throw a `BackendError` that names the kernel; results are
 * never zeros instead, and nothing moves to another backend. Numbers are read with `await tensor.data()`: Node cannot wait for a device.
 *
 * @throws BackendError `option` for a precision that there is not, `missing` when there is no WebGPU or no adapter, `start` when the device does not open, `device` when it has failed since.
 */
export async function useWebGpu(options: WebGpuOptions = {}): Promise<WebGpuStarted> {
  const { precision } = options
  requirePrecision('useWebGpu', precision, 'float16')
  running ??= start(options)
  let result: Running
  try {
    result = await running
  } catch (error) {
    running = undefined
    throw error
  }
  const { started, backend, faults, info } = result
  faults.check()
  if (precision === 'float16' && !started.halfFloats) {
    throw new BackendError('option', `useWebGpu: ${started.adapter} does not offer half floats (shader-f16). Leave precision out.`)
  }
  if (getBackend() !== 'webgpu') await setBackend('webgpu')
  if (precision === 'float16') await (result.tried ??= tryMatrices(backend, info))
  if (precision !== undefined) backend.precision = precision
  return Object.freeze({ ...started, precision: backend.precision })
}

async function start(options: WebGpuOptions): Promise<Running> {
  const { gpu, reason } = options.gpu ? { gpu: options.gpu } : await findGpu()
  const adapter = gpu ? await findAdapter(gpu) : reason
  if (typeof adapter === 'string') throw new BackendError('missing', `useWebGpu: ${adapter}. Use the wasm backend.`)
  kept = gpu
  const opened = await openDevice(adapter)
  const faults = new DeviceFaults(opened.device)
  const restore = showGpu(kept as GPU)
  let backend: GpuBackend
  try {
    backend = await register(opened, faults)
  } finally {
    restore()
  }
  const { device, info } = opened
  const words = [info.vendor, info.architecture, info.description || info.device].filter(Boolean)
  const started = { adapter: words.join(', '), software: isSoftware(adapter), halfFloats: device.features.has('shader-f16') }
  return { started, backend, faults, info }
}

async function register({ device, info }: OpenedDevice, faults: DeviceFaults): Promise<GpuBackend> {
  let WebGPUBackend: StockBackendClass
  try {
    const stock = await import('@tensorflow/tfjs-backend-webgpu')
    WebGPUBackend = stock.WebGPUBackend as unknown as StockBackendClass
  } catch (error) {
    throw new BackendError('missing', 'useWebGpu: @tensorflow/tfjs-backend-webgpu is not installed. Install it beside tfjs-core.', {
      cause: error,
    })
  }
  // Nothing is computed on the host; and matrix products add in a fixed order: the others of TensorFlow.js add as threads happen to come.
  env().set('WEBGPU_CPU_FORWARD', false)
  env().set('WEBGPU_MATMUL_PROGRAM_TYPE', 3)
  const OwnBackend = gpuBackendClass(WebGPUBackend, faults)
  const backend = new OwnBackend(device, info)
  registerOwnGpuKernels()
  // In pages importing it has registered one with a device of its own.
  if (findBackendFactory('webgpu')) removeBackend('webgpu')
  registerBackend('webgpu', () => backend, 2)
  if (!(await setBackend('webgpu'))) {
    throw new BackendError('start', 'useWebGpu: TensorFlow.js could not start its webgpu backend; the reason is on the console. Use wasm.')
  }
  return backend
}

/** TensorFlow.js's backend looks for `navigator.gpu` when it is made. Node has none, and is not to look like a browser for longer. */
function showGpu(gpu: GPU): () => void {
  const place = globalThis as { navigator?: { gpu?: GPU } }
  if (place.navigator?.gpu) return () => {}
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true })
  return () => {
    if (before) Object.defineProperty(globalThis, 'navigator', before)
    else delete place.navigator
  }
}
