import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { dataFolder, readInstallation } from '../tensorflow/data-folder.js'
import type { Installation } from '../tensorflow/data-folder.js'
import { BINDING_VERSION, bindingSources, nodeHeaders } from './binding-sources.js'
import { buildAddon, findCompiler } from './build-addon.js'
import { checkAddon } from './check-addon.js'
import { checkVersion } from './check-version.js'
import { fetchWheel } from './fetch-wheel.js'
import { installError } from './install-error.js'
import { openWheel } from './read-wheel.js'
import { freeBytes, requireRoom } from './require-room.js'
import type { FreeBytes } from './require-room.js'
import { filesOfLibrary, filesOfPython } from './tensorflow-files.js'
import type { TensorFlowFiles } from './tensorflow-files.js'
import { writeTfjsFiles } from './tfjs-files.js'

/** Where TensorFlow is taken from: one of the first three, else pip fetches `version`. */
export interface InstallOptions {
  readonly python?: string | undefined
  readonly wheel?: string | undefined
  readonly lib?: string | undefined
  readonly version?: string | undefined
  /** What is told on the way. */
  readonly say: (line: string) => void
  readonly free?: FreeBytes
}

/** What was installed. */
export interface Installed extends Installation {
  readonly folder: string
  readonly gpu: boolean
}

/** The newest TensorFlow that this was run on. */
export const DEFAULT_VERSION = '2.21.0'

/** The addon, TensorFlow.js's files and what lies about while they are made; a wheel of tensorflow-cpu. */
const [OWN_BYTES, WHEEL_BYTES] = [50e6, 300e6]

/**
 * Builds the addon in a folder of its own, which takes its place when all is done: whatever fails, what was there before is there still.
 *
 * @throws BackendError `install`
 */
export async function install({ python, wheel, lib, version, say, free = freeBytes }: InstallOptions): Promise<Installed> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw installError(
      `TensorFlow's libraries can be used on Linux (x64, arm64), this is ${process.platform} ${process.arch}. Install @tensorflow/tfjs-node there.`,
    )
  }
  const named = [python, wheel, lib].filter((one) => one !== undefined).length
  if (named > 1) throw installError('--python, --wheel and --lib exclude each other. Give one of them.')
  if (version !== undefined && named > 0)
    throw installError('--version is for what pip fetches; --python, --wheel and --lib have one already.')
  if (version !== undefined) checkVersion(version, '--version')
  const folder = dataFolder()
  if (existsSync(folder) && !isOurs(folder)) {
    throw installError(`${folder}: is there and holds something else. Name another folder in AUDIOTAG_TENSORFLOW.`)
  }
  const compiler = await findCompiler()
  const there = python !== undefined ? filesOfPython(python) : lib !== undefined ? filesOfLibrary(lib) : undefined
  const parent = dirname(folder)
  await mkdir(parent, { recursive: true })
  const work = await mkdtemp(join(parent, `.${basename(folder)}-`))
  try {
    const built = join(work, 'built')
    await mkdir(built)
    const tensorflow = there ?? (await unpacked(wheel, version, work, built, free, say))
    if (there) await requireRoom(parent, OWN_BYTES, free)
    say(`TensorFlow: ${tensorflow.source}`)
    const sources = await bindingSources(work)
    say(`binding: @tensorflow/tfjs-node ${BINDING_VERSION} from ${sources.startsWith(work) ? 'npm' : sources}`)
    const addon = join(built, 'tfjs_binding.node')
    const searched = there ? [...new Set(there.libraries.map((file) => dirname(file))), ...there.cuda] : ['$ORIGIN/tensorflow']
    await buildAddon(compiler, addon, { tensorflow, searched, sources, headers: await nodeHeaders(work), work })
    say(`built with ${compiler}`)
    const checked = await checkAddon(addon)
    checkVersion(checked.version, tensorflow.source)
    await writeTfjsFiles(sources, join(built, 'tfjs-node'))
    if (!there) await rm(join(built, 'tensorflow/include'), { recursive: true })
    const installation: Installation = {
      format: 1,
      tensorflow: checked.version,
      binding: BINDING_VERSION,
      source: tensorflow.source,
      libraries: there ? there.libraries : tensorflow.libraries.map((file) => join('tensorflow', basename(file))),
      platform: `${process.platform}-${process.arch}`,
    }
    await writeFile(join(built, 'installation.json'), `${JSON.stringify(installation, null, 2)}\n`)
    // Renaming a folder that is in use is safe: who has loaded its files keeps them.
    if (existsSync(folder)) await rename(folder, join(work, 'before'))
    await rename(built, folder)
    return { ...installation, folder, gpu: checked.gpu }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Whether a folder holds nothing, or an installation of ours. */
function isOurs(folder: string): boolean {
  try {
    return readInstallation(folder)?.format === 1
  } catch {
    return false
  }
}

/** TensorFlow out of a wheel, the one given or pip's. */
async function unpacked(
  wheel: string | undefined,
  version: string = DEFAULT_VERSION,
  work: string,
  built: string,
  free: FreeBytes,
  say: (line: string) => void,
): Promise<TensorFlowFiles> {
  let file = wheel
  if (file === undefined) {
    await requireRoom(work, WHEEL_BYTES, free)
    say(`pip downloads tensorflow-cpu ${version} (about 260 MB)`)
    file = await fetchWheel(version, work)
  }
  const opened = await openWheel(file)
  try {
    await requireRoom(work, opened.bytes + OWN_BYTES, free)
    return await opened.unpack(built)
  } finally {
    await opened.close()
  }
}

/** Removes the installation; says whether there was one. @throws BackendError `install` when the folder holds something else. */
export async function uninstall(): Promise<{ folder: string; removed: boolean }> {
  const folder = dataFolder()
  if (!existsSync(folder)) return { folder, removed: false }
  if (!isOurs(folder)) throw installError(`${folder}: holds no installation of TensorFlow, so it is left alone. Remove it yourself.`)
  await rm(folder, { recursive: true })
  return { folder, removed: true }
}
