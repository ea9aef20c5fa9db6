import { cp, mkdir, mkdtemp, realpath, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of all packages. */
export const PACKAGES: string = fileURLToPath(new URL('../../../', import.meta.url))

/** A project into which the packages are installed, not linked: Vite's dev server then bundles them beforehand. */
export async function installedProject(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'audiotag-project-')))
  await cp(fileURLToPath(new URL('fixtures/', import.meta.url)), folder, { recursive: true })
  for (const scope of ['@audiotag', '@tensorflow']) await mkdir(join(folder, 'node_modules', scope), { recursive: true })
  for (const name of ['backend', 'models', 'train']) {
    const place = join(folder, 'node_modules/@audiotag', name)
    for (const part of ['dist', 'package.json']) await cp(join(PACKAGES, name, part), join(place, part), { recursive: true })
  }
  for (const name of ['core', 'layers', 'backend-wasm', 'backend-cpu', 'backend-webgpu']) {
    const installed = await realpath(join(PACKAGES, 'backend/node_modules/@tensorflow', `tfjs-${name}`))
    await symlink(installed, join(folder, 'node_modules/@tensorflow', `tfjs-${name}`), 'junction')
  }
  await symlink(await realpath(join(PACKAGES, 'backend/node_modules/fft.js')), join(folder, 'node_modules/fft.js'), 'junction')
  return folder
}
