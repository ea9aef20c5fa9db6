import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where Chromium's packages keep SwiftShader, Vulkan on the processor. */
const places = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json']

/**
 * Lets WebGPU in Node find SwiftShader where this machine has it, so that a graphics processor is not needed. To be called before the first use of
 * WebGPU. The environment variable VK_ICD_FILENAMES, where set, names the driver instead.
 */
export function softwareVulkan(): void {
  const found = places.find((file) => existsSync(file))
  if (found !== undefined) process.env['VK_ICD_FILENAMES'] ??= found
  // Else some drivers complain on the console.
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir()
}
