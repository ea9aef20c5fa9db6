import { existsSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { configure, Reader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js'
import type { FileEntry } from '@zip.js/zip.js'

import { DataError } from './data-error.js'

// No threads and no WebAssembly from the library: this runs inside our own workers.
configure({ useWebWorkers: false })

/** An open archive, whole or split in `.z01`, `.z02`, …, `.zip`. */
export interface ZipArchive {
  readonly path: string
  /** Entries by file name without folders (macOS's shadow files left out). */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /** Unpacks one entry and checks its CRC-32. @throws DataError `archive` */
  read(entry: string): Promise<Uint8Array>
  close(): Promise<void>
}

export interface ZipEntry {
  /** Path inside the archive. */
  readonly entry: string
  /** Unpacked. */
  readonly bytes: number
  readonly crc32: number
}

/** No clip is that long: an entry that says so is damaged or meant to fill the memory. */
const maxEntryBytes = 1 << 29

/**
 * Opens a zip for reading by name, without unpacking it: 24 GB of archives need no second 24 GB of disk.
 *
 * @throws DataError `archive`: not a zip, a part missing, an entry encrypted or absurdly large
 */
export async function openZipArchive(path: string): Promise<ZipArchive> {
  const parts = partsOf(path)
  const handles: FileHandle[] = []
  const close = async (): Promise<void> => {
    for (const handle of handles.splice(0)) await handle.close()
  }
  try {
    const readers: FileReader[] = []
    for (const part of parts) {
      const handle = await open(part, 'r')
      handles.push(handle)
      readers.push(new FileReader(handle))
    }
    const zip = new ZipReader(readers.length === 1 ? readers[0] : (readers as Reader<unknown>[]), { checkSignature: true })
    const files = new Map<string, FileEntry>()
    const entries = new Map<string, ZipEntry>()
    for (const entry of await zip.getEntries()) {
      if (entry.directory || entry.filename.startsWith('__MACOSX/')) continue
      const name = basename(entry.filename)
      if (entries.has(name)) throw new DataError('archive', `${path}: holds '${name}' twice. Download the archive again.`, { file: path })
      entries.set(name, { entry: entry.filename, bytes: entry.uncompressedSize, crc32: entry.crc32 ?? entry.signature ?? 0 })
      files.set(entry.filename, entry)
    }
    const read = async (name: string): Promise<Uint8Array> => {
      const entry = files.get(name)
      const file = `${path}:${name}`
      if (entry === undefined) throw new DataError('archive', `${file}: no such entry.`, { file })
      if (entry.encrypted) throw new DataError('archive', `${file}: is encrypted. Unpack the archive and use the folder.`, { file })
      if (entry.uncompressedSize > maxEntryBytes) {
        throw new DataError('archive', `${file}: unpacks to ${entry.uncompressedSize} bytes, more than any clip.`, { file })
      }
      try {
        return await entry.getData(new Uint8ArrayWriter())
      } catch (error) {
        throw new DataError('archive', `${file}: cannot be unpacked (${(error as Error).message}). Download the archive again.`, { file })
      }
    }
    return { path, entries, read, close }
  } catch (error) {
    await close()
    if (error instanceof DataError) throw error
    const reason = (error as Error).message
    const hint =
      reason === 'Split zip file' || parts.length > 1
        ? `Its parts found: ${parts.map((part) => basename(part)).join(', ')}. One is missing or damaged; put all of them in one folder.`
        : 'Download it again.'
    throw new DataError('archive', `${path}: cannot be read as a zip (${reason}). ${hint}`, { file: path })
  }
}

/** `.z01`, `.z02`, … beside the `.zip`, then the `.zip` itself, which comes last. */
function partsOf(path: string): string[] {
  if (!existsSync(path)) throw new DataError('archive', `${path}: no such file.`, { file: path })
  const stem = basename(path).slice(0, -'.zip'.length)
  const parts = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${stem}.z`) && /^\.z\d{2,}$/i.test(name.slice(stem.length)))
    .sort((a, b) => partNumber(a) - partNumber(b))
  parts.forEach((part, index) => {
    if (partNumber(part) === index + 1) return
    const missing = `${stem}.z${String(index + 1).padStart(2, '0')}`
    throw new DataError('archive', `${path}: part ${missing} is missing. Download it to the same folder.`, { file: path })
  })
  return [...parts.map((part) => join(dirname(path), part)), path]
}

function partNumber(name: string): number {
  return Number(/\.z(\d+)$/i.exec(name)?.[1])
}

/** Positional reads of an open file. */
class FileReader extends Reader<FileHandle> {
  readonly handle: FileHandle

  constructor(handle: FileHandle) {
    super(handle)
    this.handle = handle
  }

  override async init(): Promise<void> {
    this.size = (await this.handle.stat()).size
    await super.init?.()
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - index)))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, filled, bytes.length - filled, index + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }
}
