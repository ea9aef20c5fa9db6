import { BackendError } from '../errors.js'
import { MATRICES } from './matrix-product.js'

/** A device with what is known of the adapter behind it. */
export interface OpenedDevice {
  readonly device: GPUDevice
  readonly info: GPUAdapterInfo
}

/** Limits that are raised to those of the adapter; without asking, every device has the smallest. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const

const FEATURES = ['shader-f16', 'subgroups', MATRICES as GPUFeatureName, 'timestamp-query', 'bgra8unorm-storage'] as const

/** The fastest adapter, or why there is none. */
export async function findAdapter(gpu: GPU): Promise<GPUAdapter | string> {
  let adapter: GPUAdapter | null
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  } catch (error) {
    return `WebGPU gives no adapter: ${(error as Error).message}`
  }
  return adapter ?? 'WebGPU finds no adapter: no graphics processor with a driver (Vulkan on Linux, with its loader libvulkan.so.1)'
}

/** Whether an adapter is a program that runs on the processor. */
export function isSoftware({ info }: GPUAdapter): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(`${info.architecture} ${info.device} ${info.description}`)
}

/** A device of its own: all limits of the adapter, half floats and time stamps where it has them. */
export async function openDevice(adapter: GPUAdapter): Promise<OpenedDevice> {
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]))
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name))
  try {
    return { device: await adapter.requestDevice({ requiredLimits, requiredFeatures }), info: adapter.info }
  } catch (error) {
    const name = adapter.info.description || adapter.info.device
    throw new BackendError('start', `useWebGpu: the adapter ${name} opens no device: ${(error as Error).message}`, { cause: error })
  }
}
