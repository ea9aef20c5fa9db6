/** WebGPU as found here, or why there is none. */
export type FoundGpu = { readonly gpu: GPU; readonly reason?: never } | { readonly gpu?: never; readonly reason: string }

/** What npm's webgpu exports. */
interface Dawn {
  create(options: readonly string[]): GPU
  readonly globals: Record<string, unknown>
}

let found: Promise<FoundGpu> | undefined

/** The browser's WebGPU; in Node that of npm's webgpu (Dawn), whose classes become globals, as TensorFlow.js expects them. */
export function findGpu(): Promise<FoundGpu> {
  return (found ??= find())
}

async function find(): Promise<FoundGpu> {
  const own = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu
  if (own) return { gpu: own }
  if (typeof process !== 'object' || !process.versions?.node) {
    return { reason: 'this browser has no WebGPU here (pages need HTTPS or localhost)' }
  }
  let dawn: Dawn
  // Not a literal: bundlers would look for it, and it is for Node alone.
  const name = 'webgpu'
  try {
    dawn = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Dawn
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return {
      reason: code === 'ERR_MODULE_NOT_FOUND' ? 'npm package webgpu is not installed' : `npm package webgpu does not load: ${message}`,
    }
  }
  for (const [key, value] of Object.entries(dawn.globals)) if (!(key in globalThis)) Object.assign(globalThis, { [key]: value })
  // Half floats work on NVIDIA's drivers, but Dawn hides them there (crbug.com/42251215). Other drivers know nothing of the switch.
  // Products of matrices are a feature that Dawn calls unsafe, as all that is not in WebGPU yet.
  // Shared memory is written before it is read, and SwiftShader takes a second a program to compile what would clear it. Times of kernels are exact, not to 0.1 ms.
  return {
    gpu: dawn.create([
      'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init',
      'disable-dawn-features=timestamp_quantization',
    ]),
  }
}
