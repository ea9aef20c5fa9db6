import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Writable } from 'node:stream'

import { configure, Reader, ZipReader } from '@zip.js/zip.js'
import type { FileEntry } from '@zip.js/zip.js'

import { checkVersion } from './check-version.js'
import { installError } from './install-error.js'
import { FRAMEWORK, librariesIn } from './library-names.js'
import type { TensorFlowFiles } from './tensorflow-files.js'

// One file after the other, in this process.
configure({ useWebWorkers: false })

/** What is taken of a wheel: two libraries, and the headers that the addon includes. */
const WANTED = new RegExp(
  `^tensorflow/(libtensorflow_cc\\.so\\.2|${FRAMEWORK.replaceAll('.', '\\.')}|include/(tensorflow/c|tensorflow/core/platform|tsl/platform|tsl/c|xla/tsl/c)/[\\w/]+\\.h)$`,
)

/** An open wheel of TensorFlow, checked. */
export interface Wheel {
  /** Bytes that `unpack` writes. */
  readonly bytes: number
  /** Writes the libraries and the headers into a folder. */
  unpack(folder: string): Promise<TensorFlowFiles>
  close(): Promise<void>
}

/**
 * Opens a wheel and checks by its name and contents that it is a TensorFlow for this machine.
 *
 * @throws BackendError `install`
 */
export async function openWheel(file: string): Promise<Wheel> {
  if (!existsSync(file)) throw installError(`--wheel ${file}: there is no such file.`)
  checkName(file)
  const handle = await open(file, 'r')
  try {
    const zip = new ZipReader(new FileReader(handle, (await handle.stat()).size), { checkSignature: true })
    const entries = (await zip.getEntries()).filter((entry): entry is FileEntry => !entry.directory && WANTED.test(entry.filename))
    for (const name of [`tensorflow/${FRAMEWORK}`, 'tensorflow/libtensorflow_cc.so.2', 'tensorflow/include/tensorflow/c/c_api.h']) {
      if (!entries.some(({ filename }) => filename === name)) {
        throw installError(`--wheel ${file}: holds no ${name}. Take a wheel of tensorflow or tensorflow-cpu for Linux.`)
      }
    }
    const unpack = async (folder: string): Promise<TensorFlowFiles> => {
      for (const entry of entries) {
        const target = join(folder, entry.filename)
        await mkdir(dirname(target), { recursive: true })
        try {
          await entry.getData(Writable.toWeb(createWriteStream(target)) as WritableStream<Uint8Array>)
        } catch (error) {
          throw installError(
            `--wheel ${file}: ${entry.filename} cannot be unpacked: ${(error as Error).message}. Download it again.`,
            error,
          )
        }
      }
      const place = join(folder, 'tensorflow')
      return { include: join(place, 'include'), libraries: librariesIn(place) ?? [], cuda: [], source: `wheel ${basename(file)}` }
    }
    return { bytes: entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0), unpack, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    if ((error as Error).name === 'BackendError') throw error
    throw installError(`--wheel ${file}: is no readable wheel: ${(error as Error).message}. Download it again.`, error)
  }
}

/** A wheel's name says version and platform: tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl. Which Python it is for does not matter. */
function checkName(file: string): void {
  const [, name, version, platform] = /^([\w.]+)-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-([^-]+)\.whl$/.exec(basename(file)) ?? []
  if (name === undefined || !/^(tensorflow|tensorflow_cpu)$/.test(name)) {
    throw installError(`--wheel ${file}: must be a wheel of tensorflow or tensorflow-cpu under its own name, got ${basename(file)}.`)
  }
  checkVersion(version, `--wheel ${file}`)
  const processor = process.arch === 'x64' ? 'x86_64' : 'aarch64'
  if (!platform.includes('linux') || !platform.endsWith(processor)) {
    throw installError(
      `--wheel ${file}: is for ${platform}, this machine is linux ${processor}. Take the wheel for it, or leave --wheel out.`,
    )
  }
}

/** A file on disk, read piece by piece: a wheel has hundreds of megabytes. */
class FileReader extends Reader<FileHandle> {
  readonly #handle: FileHandle

  constructor(handle: FileHandle, size: number) {
    super(handle)
    this.#handle = handle
    this.size = size
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await this.#handle.read(bytes, 0, length, index)
    return bytes.subarray(0, bytesRead)
  }
}
