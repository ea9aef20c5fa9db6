import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** Where Debian's chromium package keeps its software Vulkan. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** WebGPU of npm's webgpu. VK_ICD_FILENAMES names the driver; without it SwiftShader is taken where it is. */
export async function dawn() {
  if (!process.env.VK_ICD_FILENAMES && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
  const require = createRequire(`${process.cwd()}/packages/backend/package.json`)
  const { create, globals } = await import(pathToFileURL(require.resolve('webgpu')).href)
  Object.assign(globalThis, globals)
  return create(['enable-dawn-features=vulkan_enable_f16_on_nvidia,disable_workgroup_init', 'disable-dawn-features=timestamp_quantization'])
}
