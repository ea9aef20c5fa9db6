import { statfs } from 'node:fs/promises'

import { installError } from './install-error.js'

/** Free bytes of the disk that a folder lies on. */
export type FreeBytes = (folder: string) => Promise<number>

/** What the system says. */
export const freeBytes: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** @throws BackendError `install` unless a folder's disk has room for so many bytes. */
export async function requireRoom(folder: string, bytes: number, free: FreeBytes): Promise<void> {
  const there = await free(folder)
  if (there < bytes) {
    throw installError(
      `${folder}: needs ${megabytes(bytes)} of disk, ${megabytes(there)} are free. Make room, or name another folder in AUDIOTAG_TENSORFLOW.`,
    )
  }
}

const megabytes = (count: number): string => `${Math.ceil(count / 1e6)} MB`
