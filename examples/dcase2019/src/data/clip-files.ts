import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { DataError } from './data-error.js'
import { openZipArchive } from './zip-archive.js'
import type { ZipArchive } from './zip-archive.js'

/** Where the bytes of a clip are: a file, or an entry of an archive. JSON-safe. */
export type ClipFile =
  | { readonly path: string }
  | { readonly zip: string; readonly entry: string; readonly bytes: number; readonly crc32: number }

/** The clips of a folder or an archive by file name. */
export interface ClipFolder {
  /** The folder or the archive. */
  readonly place: string
  find(name: string): ClipFile | undefined
}

/**
 * Lists the audio of one split: the folder `stem`, else `stem.zip` (with its parts).
 *
 * @throws DataError `missing-data`, `archive`
 */
export async function openClipFolder(stem: string): Promise<ClipFolder> {
  if (existsSync(stem) && statSync(stem).isDirectory()) {
    // Some archives unpack to a folder in a folder of the same name.
    const inner = join(stem, basename(stem))
    const place = existsSync(inner) && statSync(inner).isDirectory() ? inner : stem
    const names = new Set(readdirSync(place))
    return { place, find: (name) => (names.has(name) ? { path: join(place, name) } : undefined) }
  }
  const zip = `${stem}.zip`
  if (existsSync(zip)) {
    const archive = await openZipArchive(zip)
    await archive.close()
    return {
      place: zip,
      find: (name) => {
        const entry = archive.entries.get(name)
        return entry && { zip, ...entry }
      },
    }
  }
  const parts = existsSync(`${stem}.z01`) ? ' Its part .z01 is there, but the last part, .zip, is not.' : ''
  throw new DataError('missing-data', `${stem}: neither this folder nor ${basename(zip)} is there.${parts} Download the audio there.`, {
    file: stem,
  })
}

/** Reads the bytes of clips; keeps archives open between reads. */
export interface ClipReader {
  /** @throws DataError `missing-file`, `archive`, `disk` */
  read(file: ClipFile): Promise<Uint8Array>
  close(): Promise<void>
}

/** A reader for one thread. */
export function createClipReader(): ClipReader {
  const archives = new Map<string, Promise<ZipArchive>>()
  return {
    read: async (file) => {
      if ('path' in file) {
        try {
          return await readFile(file.path)
        } catch (error) {
          const { code, message } = error as NodeJS.ErrnoException
          const gone = code === 'ENOENT'
          throw new DataError(gone ? 'missing-file' : 'disk', `${file.path}: ${gone ? 'no such file' : `cannot be read (${message})`}.`, {
            file: file.path,
          })
        }
      }
      let archive = archives.get(file.zip)
      if (archive === undefined) archives.set(file.zip, (archive = openZipArchive(file.zip)))
      return (await archive).read(file.entry)
    },
    close: async () => {
      for (const archive of archives.values()) await (await archive).close()
      archives.clear()
    },
  }
}

/** How a message names the file of a clip. */
export function clipFileName(file: ClipFile): string {
  return 'path' in file ? file.path : `${file.zip}:${file.entry}`
}
