import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { checkVersion } from './check-version.js'
import { installError } from './install-error.js'
import { lastLines, runCommand } from './run-command.js'

/** Any Python's wheel will do; this one's exist for every version from 2.15 to 2.21. */
const PYTHON = '3.11'

/** Downloads the wheel of a version into a folder, with pip, and returns its path. @throws BackendError `install` */
export async function fetchWheel(version: string, folder: string): Promise<string> {
  checkVersion(version, '--version')
  const pip = await findPip()
  const processor = process.arch === 'x64' ? 'x86_64' : 'aarch64'
  const platforms = ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014'].flatMap((name) => ['--platform', `${name}_${processor}`])
  const args = ['download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--progress-bar=off', '--disable-pip-version-check']
  const requirement = `tensorflow-cpu==${version}`
  const which = ['--python-version', PYTHON, '--implementation', 'cp', ...platforms, '-d', folder, requirement]
  const ended = await runCommand(pip[0], [...pip.slice(1), ...args, ...which])
  if (ended.code !== 0) {
    throw installError(`pip could not download ${requirement}:\n${lastLines(ended)}\nDownload it elsewhere and give it with --wheel FILE.`)
  }
  const name = readdirSync(folder).find((file) => file.endsWith('.whl'))
  if (name === undefined) throw installError(`pip downloaded no wheel of ${requirement}. Give one with --wheel FILE.`)
  return join(folder, name)
}

async function findPip(): Promise<string[]> {
  for (const command of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    const { code } = await runCommand(command[0], [...command.slice(1), '--version'])
    if (code === 0) return command
  }
  throw installError(
    'there is no pip (python3 -m pip, pip3, pip) to download TensorFlow with. Install it, or use --python DIR, --wheel FILE or --lib DIR.',
  )
}
