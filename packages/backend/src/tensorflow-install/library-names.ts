import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What TensorFlow's C interface is called: in Python's wheels, and in a libtensorflow archive. */
const NAMES = ['libtensorflow_cc.so.2', 'libtensorflow.so.2']

/** Its other half, in both. */
export const FRAMEWORK = 'libtensorflow_framework.so.2'

/** The libraries of TensorFlow in a folder, the one with the C interface first; nothing unless both are there. */
export function librariesIn(folder: string): string[] | undefined {
  const name = NAMES.find((one) => existsSync(join(folder, one)))
  return name !== undefined && existsSync(join(folder, FRAMEWORK)) ? [join(folder, name), join(folder, FRAMEWORK)] : undefined
}
