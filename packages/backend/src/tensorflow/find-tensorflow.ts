import { dataFolder, readInstallation } from './data-folder.js'

/** A TensorFlow that could be loaded. */
export interface Candidate {
  /** `'stock'`: a package @tensorflow/tfjs-node(-gpu) of the user's; `'own'`: what `audiotag-tensorflow install` built. */
  readonly kind: 'stock' | 'own'
  /** Name of the package, or folder of the installation. */
  readonly place: string
}

const INSTALL = 'npx audiotag-tensorflow install'

/**
 * TensorFlows that lie here, those to try first in front, and why others do not count. Reads the names of files, loads nothing.
 * A folder that AUDIOTAG_TENSORFLOW names comes before the user's packages.
 */
export function findTensorFlow(device: 'cpu' | 'gpu' | undefined): { candidates: Candidate[]; reasons: string[] } {
  const candidates: Candidate[] = []
  const reasons: string[] = []
  if (typeof process !== 'object' || typeof process.getBuiltinModule !== 'function') {
    return { candidates, reasons: ['TensorFlow runs in Node alone'] }
  }
  const names = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']
  for (const name of device === 'cpu' ? names.toReversed() : names) {
    const addon = stockAddon(name)
    if (addon === undefined) reasons.push(`${name} is not installed`)
    else if (addon === '') reasons.push(`${name} is installed without its native addon`)
    else candidates.push({ kind: 'stock', place: name })
  }
  const folder = dataFolder()
  const reason = installationReason(folder)
  if (reason !== undefined) reasons.push(reason)
  else if (process.env['AUDIOTAG_TENSORFLOW']) candidates.unshift({ kind: 'own', place: folder })
  else candidates.push({ kind: 'own', place: folder })
  return { candidates, reasons }
}

/** Why nothing could be loaded, with the way out; nothing when something can be tried. */
export function missingTensorFlow(device: 'cpu' | 'gpu'): string | undefined {
  const { candidates, reasons } = findTensorFlow(device)
  if (candidates.length === 0) {
    const wheel = device === 'gpu' ? `${INSTALL} --python DIR, a Python environment with tensorflow[and-cuda]` : INSTALL
    return `there is no TensorFlow: ${reasons.join('; ')}${reasons[0]?.includes('alone') ? '' : `. Run ${wheel}`}`
  }
  return device === 'gpu' ? missingGpu() : undefined
}

/** Why there can be no GPU for TensorFlow; nothing when there may be one. */
function missingGpu(): string | undefined {
  const { existsSync } = process.getBuiltinModule('node:fs')
  if (process.env['CUDA_VISIBLE_DEVICES'] === '-1' || process.env['CUDA_VISIBLE_DEVICES'] === '') {
    return 'CUDA_VISIBLE_DEVICES hides every GPU'
  }
  const devices = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg', '/dev/kfd']
  if (process.platform === 'linux' && !devices.some((file) => existsSync(file))) {
    return `this machine has no GPU that TensorFlow could use (none of ${devices.join(', ')})`
  }
  return undefined
}

/** The addon of a package; empty when the package has none, nothing when it is not installed. */
function stockAddon(name: string): string | undefined {
  const { createRequire } = process.getBuiltinModule('node:module')
  const { existsSync, readdirSync } = process.getBuiltinModule('node:fs')
  const path = process.getBuiltinModule('node:path')
  let folder
  try {
    folder = path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
  const lib = path.join(folder, 'lib')
  const versions = existsSync(lib) ? readdirSync(lib) : []
  return versions.map((version) => path.join(lib, version, 'tfjs_binding.node')).find((file) => existsSync(file)) ?? ''
}

/** Why the installation in a folder does not count; nothing when it does. */
function installationReason(folder: string): string | undefined {
  const { existsSync } = process.getBuiltinModule('node:fs')
  const path = process.getBuiltinModule('node:path')
  let installation
  try {
    installation = readInstallation(folder)
  } catch {
    return `${folder}/installation.json is damaged`
  }
  if (!installation) return `nothing is installed in ${folder}`
  const here = `${process.platform}-${process.arch}`
  if (installation.platform !== here) return `what is installed in ${folder} is for ${installation.platform}, this is ${here}`
  const lost = installation.libraries.find((file) => !existsSync(path.resolve(folder, file)))
  if (lost !== undefined) return `what is installed in ${folder} needs ${lost}, which is gone`
  return undefined
}
