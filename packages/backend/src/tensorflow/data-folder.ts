/** What `audiotag-tensorflow install` writes as installation.json into its folder, last of all. */
export interface Installation {
  readonly format: 1
  /** Version of TensorFlow, as the library itself says. */
  readonly tensorflow: string
  /** Version of @tensorflow/tfjs-node whose sources were built. */
  readonly binding: string
  /** Where TensorFlow came from, in words. */
  readonly source: string
  /** TensorFlow's libraries, absolute or relative to the folder. */
  readonly libraries: readonly string[]
  /** `process.platform`-`process.arch` that it was built on. */
  readonly platform: string
}

/** Folder of the addon, of TensorFlow.js's files for it and of TensorFlow: AUDIOTAG_TENSORFLOW, else below XDG_DATA_HOME or ~/.local/share. For Node. */
export function dataFolder(): string {
  const path = process.getBuiltinModule('node:path')
  const own = process.env['AUDIOTAG_TENSORFLOW']
  if (own) return path.resolve(own)
  const { homedir } = process.getBuiltinModule('node:os')
  return path.join(process.env['XDG_DATA_HOME'] || path.join(homedir(), '.local', 'share'), 'audiotag-tensorflow')
}

/** What is installed in a folder; nothing where there is no installation. @throws SyntaxError when its record cannot be read. */
export function readInstallation(folder: string): Installation | undefined {
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs')
  const path = process.getBuiltinModule('node:path')
  const file = path.join(folder, 'installation.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Installation) : undefined
}
