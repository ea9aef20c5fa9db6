import { installError } from './install-error.js'

/** Versions of TensorFlow that the binding was run on. */
const [OLDEST, NEWEST] = [15, 21]

/** @throws BackendError `install` unless a version of TensorFlow is one of 2.15 … 2.21. */
export function checkVersion(version: string, where: string): void {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? []
  if (major !== '2' || !(Number(minor) >= OLDEST && Number(minor) <= NEWEST)) {
    throw installError(
      `${where}: TensorFlow must be 2.${OLDEST} to 2.${NEWEST}, got ${version}. Take another, e.g. audiotag-tensorflow install --version 2.${NEWEST}.0.`,
    )
  }
}
